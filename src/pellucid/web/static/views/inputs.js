// The picture of the inputs on the stage, and choosing single pixels: a pixel is a neuron of the
// input layer.

import { h, set } from "../dom.js";
import { number } from "../format.js";
import { layerName } from "../texts.js";
import { canvas, paintGrey } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 */

/**
 * The picture of the inputs, whose pixels are chosen by pointer and keyboard.
 * @param {Page} page
 * @param {number[]} shape
 */
export function inputs(page, shape) {
  const { t } = page;
  const element = canvas(shape, {
    class: "inputs",
    role: "application",
    tabindex: 0,
    "data-testid": "inputs",
  });
  choosePixels(page, element, shape);
  return {
    element,
    /** @param {Look} look @param {Look | null} before */
    render(look, before) {
      if (look.picture === before?.picture) return;
      paintGrey(element, look.picture);
      const active = Array.from(look.picture).filter(Boolean).length;
      set(element, { "aria-label": t("stage.picture", { count: look.picture.length, active }) });
    },
    /** Lay it over its place. @param {import("./geometry.js").Geometry} place */
    lay({ picture }) {
      if (!picture) return;
      for (const [name, value] of /** @type {const} */ ([
        ["left", picture.x],
        ["top", picture.y],
        ["width", picture.width],
        ["height", picture.height],
      ])) {
        element.style[name] = `${value}px`;
      }
    },
  };
}

/** @type {Record<string, number[]>} */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * Choose pixels on an element that shows them all: a click or an arrow key chooses one, pointing
 * shows its connections.
 * @param {Page} page
 * @param {HTMLElement} element
 * @param {number[]} shape
 */
export function choosePixels({ store }, element, [height, width]) {
  const chosen = () => {
    const { neuron } = store.state;
    return neuron?.layer === 0 ? neuron.index : null;
  };
  /** @param {PointerEvent | MouseEvent} event */
  const under = (event) => {
    const area = element.getBoundingClientRect();
    const column = Math.floor(((event.clientX - area.left) / area.width) * width);
    const row = Math.floor(((event.clientY - area.top) / area.height) * height);
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    return inside ? row * width + column : null;
  };
  element.addEventListener("pointermove", (event) => {
    const index = under(event);
    const { pointed } = store.state;
    if (index === null || (pointed?.layer === 0 && pointed.index === index)) return;
    store.set({ pointed: { layer: 0, index } });
  });
  element.addEventListener("pointerleave", () => store.set({ pointed: null }));
  element.addEventListener("click", (event) => {
    const index = under(event);
    if (index !== null)
      store.set({ neuron: index === chosen() ? null : { layer: 0, index }, pointed: null });
  });
  element.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    const index = chosen();
    if (arrow) {
      const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
      const [row, column] = [Math.floor((index ?? middle) / width), (index ?? middle) % width];
      const clamped = (/** @type {number} */ value, /** @type {number} */ size) =>
        Math.min(Math.max(value, 0), size - 1);
      const next =
        index === null
          ? middle
          : clamped(row + arrow[0], height) * width + clamped(column + arrow[1], width);
      store.set({ neuron: { layer: 0, index: next } });
    } else if (event.key === "Escape" && index !== null) store.set({ neuron: null });
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/**
 * Row and column of a pixel, from 1.
 * @param {Page} page
 * @param {number} index
 */
export function pixelPlace({ facts }, index) {
  const [, width] = /** @type {number[]} */ (facts.shape);
  return { row: Math.floor(index / width) + 1, column: (index % width) + 1 };
}

/**
 * A chosen pixel in detail: where it is, and its value.
 * @param {Page} page
 * @param {number} index
 * @returns {import("./detail.js").Part}
 */
export function pixelValue(page, index) {
  const { t, network } = page;
  const value = h("data", { "data-testid": "pixel-value" });
  const layer = layerName(t, network.neuronLayers[1]);
  return {
    element: h(
      "div",
      {},
      h("p", {}, t("pixel.place", pixelPlace(page, index)), value),
      h("p", { class: "note" }, t("pixel.products", { layer })),
    ),
    render({ picture, network: shown, pass }) {
      const activation = shown.activations(pass, 0)[index];
      set(value, { value: activation });
      value.textContent = t("pixel.value", {
        byte: Math.round(picture[index]),
        value: number(activation),
      });
    },
  };
}
