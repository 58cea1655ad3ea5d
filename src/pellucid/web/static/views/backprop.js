// A panel: backpropagation of the drawing and its label. In which direction does the loss fall, and
// is that true?

import { h, set, setText } from "../dom.js";
import { minus, number } from "../format.js";
import { centralDifference, descent, weightGradients } from "../network/check.js";
import { computing } from "../state.js";
import { layerName } from "../texts.js";
import { usualRate } from "../training.js";
import { bars } from "./bars.js";
import { neuronName, terms } from "./neuron.js";
import { gradientsOf, labelOf } from "./nudges.js";
import { canvas, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 * @typedef {import("../network/check.js").Gradients} Gradients
 */

/** @param {Page} page @returns {View} */
export function backprop(page) {
  const { t } = page;
  const head = labelChoice(page);
  const ask = h("p", {}, t("back.ask"));
  const layers = neuronBars(page);
  const weights = weightSection(page);
  const body = h(
    "div",
    { class: "learning" },
    h("p", {}, t("back.text")),
    layers.element,
    weights.element,
  );
  return {
    element: h("div", { class: "learning" }, head.element, ask, body),
    render(look) {
      const label = labelOf(look);
      const found = label === null ? null : gradientsOf(look.network, look.pass, label);
      head.render(look, label, found);
      ask.hidden = label !== null;
      body.hidden = label === null;
      if (label === null || !found) return;
      layers.render(found);
      weights.render(look, found, label);
    },
  };
}

/**
 * The label: known of a test digit, else chosen here; and the loss of the drawing.
 * @param {Page} page
 */
function labelChoice({ t, network, store }) {
  const last = network.neuronLayers[network.neuronLayers.length - 1];
  const select = h(
    "select",
    {
      id: "target",
      "data-testid": "target",
      onchange: () => store.set({ target: select.value === "" ? null : Number(select.value) }),
    },
    h("option", { value: "" }, "–"),
    ...Array.from({ length: Math.max(last.size, 2) }, (_, k) =>
      h("option", { value: k }, network.label(k)),
    ),
  );
  const known = h("small", {}, t("back.known"));
  const loss = h("output", { "data-testid": "example-loss" });
  return {
    element: h(
      "p",
      { class: "line" },
      h("label", { for: "target" }, t("back.target")),
      select,
      known,
      h("span", {}, t("back.loss"), " ", loss),
    ),
    /** @param {Look} look @param {number | null} label @param {Gradients | null} found */
    render({ empty, state }, label, found) {
      const labelled = state.input.source.label !== undefined;
      select.value = label === null ? "" : String(label);
      set(select, { disabled: empty || labelled });
      known.hidden = empty || !labelled;
      setText(loss, found ? number(found.loss) : "–");
      set(loss, { value: found?.loss });
    },
  };
}

/** The neurons of every layer, the output first. @param {Page} page */
function neuronBars(page) {
  const { t, network } = page;
  const layers = network.neuronLayers
    .slice(1)
    .reverse()
    .map((layer) => ({ layer, list: bars(brief) }));
  const title = (/** @type {NeuronLayer} */ layer) =>
    `${layerName(t, layer)}: ${t(layer.last ? "back.by-sum" : "back.by-activation")}`;
  return {
    element: h(
      "div",
      { class: "columns-of-bars" },
      ...layers.map(({ layer, list }) => h("section", {}, h("h3", {}, title(layer)), list.element)),
    ),
    /** @param {Gradients} found */
    render(found) {
      for (const { layer, list } of layers)
        list.render(rowsOf(page, layer, descent(found.layers[layer.number])));
    },
  };
}

/**
 * Return bars that say in which direction each neuron or weight lowers the loss.
 * @param {Page} page
 * @param {NeuronLayer} layer
 * @param {Float64Array} values
 */
function rowsOf(page, layer, values) {
  return Array.from(values, (value, i) => {
    const name = neuronName(page, layer, i);
    const key = value < 0 ? "back.down" : value ? "back.up" : "back.stay";
    return { name, value, sentence: page.t(key, { name, by: number(Math.abs(value)) }) };
  });
}

/**
 * Format with a sign, in seven characters at most: gradients may be very small.
 * @param {number} value
 */
function brief(value) {
  const size = Math.abs(value);
  let text = "0";
  if (size >= 0.1) text = size.toFixed(2);
  else if (size >= 0.001) text = size.toFixed(3);
  else if (size) text = size.toExponential(0);
  return value ? minus(`${value < 0 ? "-" : "+"}${text}`) : text;
}

/**
 * The weights of one neuron, the chosen one or the label's output, and a check of one of them.
 * @param {Page} page
 */
function weightSection(page) {
  const { t } = page;
  const title = h("h3");
  const bias = h("p");
  const check = gradientCheck(page);
  const gradients = weightGradientsView(page, check.choose);
  const element = h(
    "section",
    { class: "slope" },
    title,
    h("div", {}, ...gradients.elements, bias),
    check.element,
  );
  return {
    element,
    /** @param {Look} look @param {Gradients} found @param {number} label */
    render(look, found, label) {
      const neuron = computing(look.state) ?? outputOf(page, label);
      const layer = page.network.neuronLayers[neuron.layer];
      element.hidden = !layer.affine;
      if (!layer.affine) return;
      const { W, b } = weightGradients(look.network, found, neuron.layer, neuron.index);
      const name = neuronName(page, layer, neuron.index);
      setText(title, t("back.weights", { layer: layerName(t, layer), name }));
      gradients.render(neuron, W);
      setText(bias, b === null ? "" : t("back.bias", { slope: brief(-b) }));
      check.render(look, neuron, W, label);
    },
  };
}

/**
 * Return the output neuron of a label.
 * @param {Page} page
 * @param {number} label
 * @returns {Neuron}
 */
function outputOf({ network }, label) {
  const layer = network.neuronLayers.length - 1;
  return { layer, index: network.neuronLayers[layer].size > 1 ? label : 0 };
}

/**
 * The weights' descent: a picture where they are pixels, else bars.
 * @param {Page} page
 * @param {(from: number) => void} choose is called with a clicked pixel
 */
function weightGradientsView(page, choose) {
  const { t, network } = page;
  const { shape } = page.facts;
  const picture = shape && clickable(shape, choose);
  const list = bars(brief);
  return {
    elements: [picture, list.element],
    /** @param {Neuron} neuron @param {Float64Array} W gradients */
    render({ layer }, W) {
      const pictured = layer === 1 && shape !== null;
      const down = W.map((value) => (value ? -value : 0)); // no "-0"
      if (picture) picture.hidden = !pictured;
      list.element.hidden = pictured;
      if (pictured && picture) {
        const most = Math.abs(W[steepest(W)]);
        paintSigned(picture, shape, down, most);
        set(picture, { "aria-label": t("back.picture", { most: number(most) }) });
      } else list.render(rowsOf(page, network.neuronLayers[layer - 1], down));
    },
  };
}

/**
 * A canvas whose pixels can be clicked.
 * @param {number[]} shape
 * @param {(index: number) => void} choose
 */
function clickable(shape, choose) {
  const [height, width] = shape;
  const onclick = (/** @type {MouseEvent} */ event) => {
    const area = picture.getBoundingClientRect();
    const at = (/** @type {number} */ share, /** @type {number} */ size) =>
      Math.min(Math.floor(share * size), size - 1);
    const row = at((event.clientY - area.top) / area.height, height);
    choose(row * width + at((event.clientX - area.left) / area.width, width));
  };
  const picture = canvas([2 * height, 2 * width], { role: "img", class: "slopes", onclick });
  return picture;
}

/** Return where the gradient is steepest. @param {Float64Array} W */
function steepest(W) {
  return W.reduce((best, value, i) => (Math.abs(value) > Math.abs(W[best]) ? i : best), 0);
}

/**
 * One weight's gradient by backpropagation beside its central difference, and a training step.
 * @param {Page} page
 */
function gradientCheck(page) {
  const { t } = page;
  const view = checkElements(page, () => again());
  const { from, cells, step } = view;
  const asked = page.store.state.choices.from ?? "";
  /** @type {number | null} the index of an incoming connection; null for the steepest */
  let chosen = /^\d+$/.test(asked) ? Number(asked) : null;
  /** @type {Neuron | null} */
  let place = null;
  /** @type {[Look, Neuron, Float64Array, number] | null} */
  let shown = null;
  const again = () => {
    const asked = from.valueAsNumber; // an index out of range becomes the nearest one within it
    const nearest = Math.min(Math.max(Math.round(asked), 0), Number(from.max));
    chosen = Number.isNaN(asked) ? null : nearest;
    if (chosen !== null) from.value = String(chosen);
    page.choose("from", chosen === null ? null : String(chosen));
    if (shown) render(...shown);
  };
  /** @param {Look} look @param {Neuron} neuron @param {Float64Array} W @param {number} label */
  const render = (look, neuron, W, label) => {
    shown = [look, neuron, W, label];
    if (place && (neuron.layer !== place.layer || neuron.index !== place.index)) chosen = null;
    place = neuron;
    const at = Math.min(chosen ?? steepest(W), W.length - 1);
    set(from, { max: W.length - 1 });
    if (document.activeElement !== from) from.value = String(at);
    const where = { layer: neuron.layer, from: at, neuron: neuron.index };
    const tried = centralDifference(look.network, look.pass, label, where);
    [W[at], tried, W[at] - tried].forEach((value, i) => {
      setText(cells[i], minus(i < 2 ? value.toPrecision(8) : value.toExponential(1)));
      set(cells[i], { value });
    });
    const weight = terms(look, neuron).weights[at];
    const rate = usualRate(look.network);
    const [old, next] = [weight, weight - rate * W[at]].map((value) => minus(value.toFixed(4)));
    setText(step, t("back.step", { rate, old, new: next }));
  };
  const choose = (/** @type {number} */ index) => {
    from.value = String(index);
    again();
  };
  return { element: view.element, render, choose };
}

/** @param {Page} page @param {() => void} onchange */
function checkElements({ t }, onchange) {
  const from = h("input", { type: "number", id: "check-from", min: 0, step: 1, onchange });
  const step = h("p", { class: "note", "data-testid": "gradient-step" });
  const cells = ["backprop", "numeric", "difference"].map((name) =>
    h("data", { "data-testid": `gradient-${name}` }),
  );
  const rows = /** @type {const} */ (["back.formula", "back.tried", "back.apart"]).map((key, i) =>
    h("div", {}, h("dt", {}, t(key)), h("dd", {}, cells[i])),
  );
  const element = h(
    "div",
    {},
    h("p", {}, t("back.check")),
    h("p", { class: "line" }, h("label", { for: "check-from" }, t("back.from")), from),
    h("dl", { class: "figures" }, ...rows),
    step,
  );
  return { element, from, cells, step };
}
