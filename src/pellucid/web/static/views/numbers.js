// A panel: the input as the network gets it, 28 x 28 numbers; single pixels are chosen on it.

import { h, set, setText } from "../dom.js";
import { layerName } from "../texts.js";
import { choosePixels, pixelPlace } from "./inputs.js";
import { canvas } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 */

const CELL = 18; // pixels of a number at least; where there is less room the grid scrolls

/** @param {Page} page @returns {import("../page.js").View} */
export function numbers(page) {
  const { t, network } = page;
  const shape = /** @type {number[]} */ (page.facts.shape);
  const grid = canvas(shape, {
    class: "numbers",
    role: "application",
    tabindex: 0,
    "data-testid": "numbers",
    "aria-label": t("numbers.label"),
  });
  grid.style.minWidth = `${CELL * shape[1]}px`;
  grid.style.aspectRatio = `${shape[1]} / ${shape[0]}`;
  choosePixels(page, grid, shape);
  const spoken = h("p", { role: "status", "data-testid": "numbers-chosen" });
  const next = layerName(t, network.neuronLayers[1]);
  const element = h(
    "div",
    { class: "as-numbers" },
    h("p", {}, t("numbers.text", { count: page.D })),
    h("div", { class: "scroll" }, grid),
    spoken,
    h("p", { class: "note" }, t("numbers.note", { layer: next })),
  );
  const draw = () => drawGrid(grid, shape, page.look());
  const sizes = new ResizeObserver(draw);
  sizes.observe(grid);
  return {
    element,
    render(look, before) {
      const { neuron, pointed, theme } = look.state;
      const known = before?.state;
      const same =
        look.picture === before?.picture && neuron === known?.neuron && pointed === known?.pointed;
      if (same && theme === known?.theme) return;
      draw();
      const chosen = neuron?.layer === 0 ? neuron.index : null;
      setText(spoken, chosen === null ? t("numbers.choose") : sentence(page, look, chosen));
      set(grid, { "data-chosen": chosen });
    },
  };
}

/** @param {Page} page @param {Look} look @param {number} index */
function sentence(page, look, index) {
  const value = written(look.network.activations(look.pass, 0)[index]);
  return `${page.t("pixel.place", pixelPlace(page, index))}${value}`;
}

/** A value in two decimals at most, as there is little room. @param {number} value */
function written(value) {
  const text = value.toFixed(2);
  if (Number(text) === 0 || Number(text) === 1) return String(Number(text));
  return text.replace(/^(-?)0\./, "$1.");
}

/**
 * @param {HTMLCanvasElement} grid
 * @param {number[]} shape
 * @param {Look} look
 */
function drawGrid(grid, [height, width], { network, pass, picture, state }) {
  const scale = devicePixelRatio || 1;
  const cell = Math.max(grid.clientWidth, 1) / width;
  const [wide, tall] = [width, height].map((count) => Math.round(count * cell * scale));
  if (grid.width !== wide || grid.height !== tall)
    Object.assign(grid, { width: wide, height: tall });
  const context = /** @type {CanvasRenderingContext2D} */ (grid.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.font = `${(0.5 * cell).toFixed(1)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const values = network.activations(pass, 0);
  for (let i = 0; i < values.length; i++) {
    const [x, y] = [(i % width) * cell, Math.floor(i / width) * cell];
    const level = picture[i];
    context.fillStyle = `rgb(${level},${level},${level})`;
    context.fillRect(x, y, cell + 0.5, cell + 0.5);
    context.fillStyle = level > 115 ? "#000" : level ? "#fff" : "#999";
    context.fillText(written(values[i]), x + cell / 2, y + cell / 2 + 0.5);
  }
  const marks = /** @type {const} */ ([
    [state.pointed, 1.5],
    [state.neuron, 3],
  ]);
  for (const [neuron, line] of marks) {
    if (neuron?.layer !== 0) continue;
    const [x, y] = [(neuron.index % width) * cell, Math.floor(neuron.index / width) * cell];
    context.strokeStyle = "#ffb000";
    context.lineWidth = line;
    context.strokeRect(x, y, cell, cell);
  }
}
