// The activation's curve, with the neuron's point on it.

import { h, s, set, setText } from "../dom.js";
import { minus, number } from "../format.js";
import { LAYERS } from "../network/layers.js";
import { biasOf } from "./neuron.js";

const [WIDTH, HEIGHT, EDGE] = [320, 132, 18];
const STEPS = 96;
const LEAST_REACH = 8; // of the axis, either way: all that bends of the usual curves
/**
 * Activations that are read against the weighted sum 0, and their value there.
 * @type {Record<string, string>}
 */
const MIDDLES = { Sigmoid: "0.5", Tanh: "0", ReLU: "0" };

/**
 * @param {import("../page.js").Page} page
 * @param {import("../state.js").Neuron} neuron
 * @returns {import("./detail.js").Part}
 */
export function curve({ t, network }, { layer, index }) {
  const activation = /** @type {import("../network/layers.js").Layer} */ (
    network.neuronLayers[layer].activation
  );
  const { type } = activation;
  const f = LAYERS[type].curve;
  const plot = f && plotOf((x) => f(activation, x, index));
  const formula = h("p", { class: "formula" });
  const note = h("p", { class: "note" });
  const title = h("h3", {}, `${t("detail.curve")}: ${type}`);
  return {
    element: h("div", {}, title, plot?.svg, formula, note),
    render(look) {
      const z = /** @type {Float64Array} */ (look.network.sums(look.pass, layer))[index];
      const y = look.network.activations(look.pass, layer)[index];
      setText(formula, `${symbol(type)}(${number(z)}) = ${number(y)}`);
      const [middle, threshold] = [MIDDLES[type], number(-biasOf(look, layer, index))];
      const whole = type === "LogSoftmax" ? "detail.log-softmax" : "detail.softmax";
      if (!plot) setText(note, t(whole, { sum: number(z) }));
      else setText(note, middle ? t("detail.threshold", { middle, threshold }) : "");
      plot?.render(z, y);
      const words = { name: type, sum: number(z), activation: number(y) };
      if (plot) set(plot.svg, { "aria-label": t("detail.curve.label", words) });
    },
  };
}

/** A plot of f with one point on it. @param {(x: number) => number} f */
function plotOf(f) {
  const [line, guide, axes] = ["curve", "guide", "axes"].map((kind) => s("path", { class: kind }));
  const point = s("circle", { class: "point", r: 5.5 });
  const [left, right] = [
    s("text", { class: "tick", y: HEIGHT - 3, x: EDGE }),
    s("text", { class: "tick", y: HEIGHT - 3, x: WIDTH - EDGE, "text-anchor": "end" }),
  ];
  const marks = [0.5, 1].map(() => s("text", { class: "tick", "text-anchor": "end" }));
  const middle = s("text", { class: "tick", y: HEIGHT - 3, "text-anchor": "middle" });
  const box = { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" };
  const svg = s("svg", box, axes, guide, line, point, left, right, middle, ...marks);
  /** @param {number} z @param {number} y */
  const render = (z, y) => {
    const reach = Math.max(LEAST_REACH, Math.ceil(Math.abs(z) * 1.15));
    const xs = Array.from({ length: STEPS + 1 }, (_, i) => -reach + (2 * reach * i) / STEPS);
    const ys = xs.map(f);
    const [low, high] = [Math.min(0, ...ys), Math.max(1, ...ys)];
    const X = (/** @type {number} */ x) => EDGE + ((x + reach) / (2 * reach)) * (WIDTH - 2 * EDGE);
    const Y = (/** @type {number} */ value) =>
      HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
    set(line, {
      d: xs.map((x, i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(ys[i]).toFixed(1)}`).join(""),
    });
    set(axes, { d: `M${EDGE} ${Y(0)}H${WIDTH - EDGE}M${X(0)} ${EDGE - 6}V${HEIGHT - EDGE}` });
    const [cx, cy] = [X(z).toFixed(1), Y(y).toFixed(1)];
    set(guide, { d: `M${cx} ${Y(0).toFixed(1)}V${cy}H${X(0).toFixed(1)}` });
    set(point, { cx, cy });
    const bounded = high - low === 1;
    [0.5, 1].forEach((y, i) => {
      set(marks[i], { x: X(0) - 4, y: Y(y) + 3 });
      setText(marks[i], bounded ? String(y) : "");
    });
    set(middle, { x: X(0) });
    setText(middle, "0");
    setText(left, minus(String(-reach)));
    setText(right, String(reach));
  };
  return { svg, render };
}

/** @param {string} type */
function symbol(type) {
  return type === "Sigmoid" ? "σ" : type.toLowerCase();
}
