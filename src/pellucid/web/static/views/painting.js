// A neuron's weights as a picture to paint on: more or less weight, by pointer and by keyboard.

import { h, set } from "../dom.js";
import { number } from "../format.js";
import { LEVEL, MOST_LEVELS, paintOf, withEdit } from "../network/edits.js";
import { stroke } from "../picture/brush.js";
import { terms } from "./neuron.js";
import { canvas, paintSigned } from "./pixels.js";
import { at, sliding } from "./tuning.js";

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{begin: () => void, line: (from: Point, to: Point) => void}} Brush
 */
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * @param {import("../page.js").Page} page
 * @param {import("../state.js").Neuron} neuron of the first hidden layer
 * @returns {import("./detail.js").Part}
 */
export function painting(page, neuron) {
  const { t } = page;
  const shape = /** @type {number[]} */ (page.facts.shape);
  const surface = canvas(
    shape.map((side) => 2 * side),
    {
      class: "paintable",
      "data-testid": "weights-paint",
      tabindex: 0,
      role: "application",
      "aria-label": t("paint.label"),
    },
  );
  const range = { min: 0.25, max: 4, step: 0.25, value: 1 };
  const strength = h("input", { type: "range", id: "paint-strength", ...range });
  const signs = signButtons(t);
  const brush = brushOf(page, neuron, shape, () => signs.sign() * strength.valueAsNumber);
  const cursor = h("span", { class: "brush", "aria-hidden": "true" });
  paintByPointer(surface, shape, brush);
  paintByKeyboard(surface, shape, brush, cursor, signs.choose);
  return {
    element: h(
      "div",
      {},
      h("div", { class: "canvas-frame" }, surface, cursor),
      h("div", { class: "tools" }, ...signs.buttons),
      h(
        "div",
        { class: "setting" },
        h("label", { for: strength.id }, t("paint.strength")),
        strength,
      ),
      h("p", { class: "note" }, t("paint.help")),
    ),
    render(look) {
      const { weights } = terms(look, neuron);
      const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
      paintSigned(surface, shape, weights, largest);
      set(surface, { title: `±${number(largest)}` });
    },
  };
}

/** Two buttons: paint adds weight, or takes it away. @param {import("../texts.js").Translate} t */
function signButtons(t) {
  let sign = 1;
  const button = (/** @type {number} */ value) => {
    const name = value > 0 ? "plus" : "minus";
    const onclick = () => choose(value);
    const attributes = { type: "button", class: "small", "data-testid": `paint-${name}` };
    return h("button", { ...attributes, onclick }, t(`paint.${name}`));
  };
  const buttons = [button(1), button(-1)];
  const choose = (/** @type {number} */ value) => {
    sign = value;
    buttons.forEach((one, i) => set(one, { "aria-pressed": String((i ? -1 : 1) === sign) }));
  };
  choose(1);
  return { buttons, choose, sign: () => sign };
}

/**
 * A brush that paints on a neuron's weights.
 * @param {import("../page.js").Page} page
 * @param {import("../state.js").Neuron} neuron
 * @param {number[]} shape
 * @param {() => number} strength what full ink adds to a weight
 * @returns {Brush}
 */
function brushOf(page, neuron, shape, strength) {
  const { store } = page;
  const [height, width] = shape;
  const slide = sliding(page);
  let ink = new Uint8Array(height * width); // of one stroke: passing twice adds once
  /** @type {number[]} */
  let levels = []; // before the stroke
  return {
    begin() {
      slide.end();
      ink = new Uint8Array(height * width);
      levels = paintOf(store.state.edits, at(neuron))?.levels ?? Array.from(ink, () => 0);
    },
    line(from, to) {
      stroke(ink, shape, from, to, false);
      const full = strength() / LEVEL / 255;
      const painted = levels.map((level, i) =>
        Math.min(Math.max(level + Math.round(full * ink[i]), -MOST_LEVELS), MOST_LEVELS),
      );
      slide.edit(withEdit(store.state.edits, { kind: "paint", ...at(neuron), levels: painted }));
    },
  };
}

/** @param {HTMLCanvasElement} surface @param {number[]} shape @param {Brush} brush */
function paintByPointer(surface, [height, width], brush) {
  /** @type {Point | null} */
  let last = null;
  const point = (/** @type {PointerEvent} */ event) => {
    const area = surface.getBoundingClientRect();
    return {
      x: ((event.clientX - area.left) / area.width) * width,
      y: ((event.clientY - area.top) / area.height) * height,
    };
  };
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    brush.begin();
    last = point(event);
    brush.line(last, last);
  });
  surface.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = point(event);
    brush.line(last, here);
    last = here;
  });
  for (const end of ["pointerup", "pointercancel"])
    surface.addEventListener(end, () => (last = null));
}

/**
 * @param {HTMLCanvasElement} surface
 * @param {number[]} shape
 * @param {Brush} brush
 * @param {HTMLElement} mark shows the cursor
 * @param {(sign: number) => void} chooseSign
 */
function paintByKeyboard(surface, [height, width], brush, mark, chooseSign) {
  let cursor = { x: Math.floor(width / 2) + 0.5, y: Math.floor(height / 2) + 0.5 };
  const place = () => {
    mark.style.left = `${(100 * (cursor.x - 0.5)) / width}%`;
    mark.style.top = `${(100 * (cursor.y - 0.5)) / height}%`;
    mark.style.width = `${100 / width}%`;
  };
  place();
  surface.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow && ![" ", "+", "-"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "+" || event.key === "-") return chooseSign(event.key === "+" ? 1 : -1);
    const before = cursor;
    if (arrow)
      cursor = {
        x: Math.min(Math.max(cursor.x + arrow[0], 0.5), width - 0.5),
        y: Math.min(Math.max(cursor.y + arrow[1], 0.5), height - 0.5),
      };
    place();
    if (arrow && !event.shiftKey) return;
    brush.begin();
    brush.line(before, cursor);
  });
}
