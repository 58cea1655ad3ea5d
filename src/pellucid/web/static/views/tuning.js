// Changing one neuron: its bias as a threshold, off and on, one weight by number.

import { h, set, setText } from "../dom.js";
import { number } from "../format.js";
import { concerns, isOff, withEdit } from "../network/edits.js";
import { layerName } from "../texts.js";
import { biasOf, neuronName, terms } from "./neuron.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("../network/edits.js").Edit} Edit
 * @typedef {import("./detail.js").Part} Part
 */

const LEAST_REACH = 10; // of the slider, either way
const THRESHOLDS = [
  ...["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "PReLU", "ELU", "SELU"],
  ...["GELU", "SiLU", "Mish", "Hardswish"],
];

/**
 * Edits while a slider or a brush moves: the first one is an undo step, and the others up to the
 * end belong to it.
 * @param {Page} page
 */
export function sliding(page) {
  let moves = false;
  return {
    /** @param {Edit[]} edits */
    edit(edits) {
      if (moves) page.store.set({ edits });
      else page.edit(edits);
      moves = true;
    },
    end() {
      moves = false;
    },
  };
}

/**
 * In a neuron's detail: bias, off and on, and a button for the rest.
 * @param {Page} page
 * @param {Neuron} neuron
 * @returns {Part}
 */
export function tuning(page, neuron) {
  const { t, store } = page;
  const place = page.network.neuronLayers[neuron.layer];
  const bias = thresholds(page, neuron, "bias", !place.activation);
  const off = offSwitch(page, neuron, "neuron-off");
  const more = h(
    "button",
    { type: "button", class: "small", onclick: () => store.set({ panel: "change" }) },
    t("tune.more"),
  );
  return {
    element: h(
      "div",
      { class: "tuning" },
      h("h3", {}, t("tune.title")),
      bias.element,
      h("div", { class: "tools" }, off.element, more),
    ),
    render(look) {
      // an off neuron is held at 0 by another bias
      bias.element.hidden = isOff(look.state.edits, neuron);
      if (!bias.element.hidden) bias.render(look);
      off.render(look);
    },
  };
}

/**
 * The bias as a slider and as a number, and its threshold.
 * @param {Page} page
 * @param {Neuron} neuron
 * @param {string} id
 * @param {boolean} [noted] whether a note names the threshold; beside the curve there is no need
 * @returns {Part}
 */
export function thresholds(page, neuron, id, noted = true) {
  const { t, store } = page;
  const place = page.network.neuronLayers[neuron.layer];
  if (!place.affine?.arrays.b)
    return { element: h("p", { class: "note" }, t("tune.no-bias")), render() {} };
  const slide = sliding(page);
  const take = (/** @type {HTMLInputElement} */ field) => {
    const value = Math.round(1e6 * field.valueAsNumber) / 1e6;
    if (!Number.isFinite(value)) return;
    slide.edit(withEdit(store.state.edits, { kind: "bias", ...at(neuron), value }));
  };
  const slider = h("input", {
    type: "range",
    id: `${id}-slider`,
    "data-testid": `${id}-slider`,
    step: 0.05,
    oninput: () => take(slider),
    onchange: () => slide.end(),
  });
  const field = h("input", {
    type: "number",
    step: "any",
    "data-testid": `${id}-number`,
    "aria-label": t("tune.bias"),
    onchange: () => {
      take(field);
      slide.end();
    },
  });
  const note = h("p", { class: "note" });
  return {
    element: h(
      "div",
      {},
      h("div", { class: "setting" }, h("label", { for: slider.id }, t("tune.bias")), slider, field),
      noted ? note : null,
    ),
    render(look) {
      const bias = biasOf(look, neuron.layer, neuron.index);
      const sum = terms(look, neuron).total;
      // far enough to cross the threshold
      const reach = Math.ceil(Math.max(LEAST_REACH, Math.abs(bias), 1.25 * Math.abs(sum)));
      set(slider, { min: -reach, max: reach, "aria-valuetext": number(bias) });
      if (slider.valueAsNumber !== bias) slider.value = String(bias);
      if (document.activeElement !== field || !Number.isFinite(field.valueAsNumber))
        field.value = String(+bias.toFixed(4));
      slider.disabled = field.disabled = isOff(look.state.edits, neuron);
      const values = { threshold: number(-bias), sum: number(sum) };
      const type = look.network.neuronLayers[neuron.layer].activation?.type ?? "";
      setText(note, t(THRESHOLDS.includes(type) ? "tune.threshold" : "tune.shift", values));
    },
  };
}

/** @param {Page} page @param {Neuron} neuron @param {string} id @returns {Part} */
export function offSwitch(page, neuron, id) {
  const { t, store } = page;
  const change = { kind: /** @type {const} */ ("off"), ...at(neuron) };
  const element = h("button", {
    type: "button",
    class: "small",
    "data-testid": id,
    onclick: () => {
      const { edits } = store.state;
      page.edit(
        isOff(edits, neuron)
          ? edits.filter((edit) => !concerns(edit, neuron))
          : withEdit(edits, change),
      );
    },
  });
  return {
    element,
    render: ({ state }) => setText(element, t(isOff(state.edits, neuron) ? "tune.on" : "tune.off")),
  };
}

/**
 * One weight by number: of a pixel, or of a neuron before.
 * @param {Page} page
 * @param {Neuron} neuron
 * @returns {Part}
 */
export function oneWeight(page, neuron) {
  const { t, store } = page;
  const source = sourceFields(page, neuron, () => render(page.look()));
  const field = h("input", {
    type: "number",
    id: "weight-value",
    "data-testid": "weight-value",
    step: "any",
    onchange: () => {
      const [from, value] = [source.index(), field.valueAsNumber];
      if (from === null || !Number.isFinite(value)) return;
      page.edit(withEdit(store.state.edits, { kind: "weight", ...at(neuron), from, value }));
    },
  });
  const note = h("p", { class: "note" });
  /** @param {Look} look */
  const render = (look) => {
    const from = source.index();
    field.disabled = from === null;
    if (from === null) return setText(note, t("tune.no-weight"));
    const { weights, before, products } = terms(look, neuron);
    if (document.activeElement !== field) field.value = String(+weights[from].toFixed(4));
    const words = {
      name: source.name(from),
      weight: number(weights[from]),
      activation: number(before[from]),
      product: number(products[from]),
    };
    setText(note, t("detail.incoming.row", words));
  };
  const label = h("label", { for: field.id }, t("tune.weight"));
  return {
    element: h("div", {}, h("div", { class: "line" }, ...source.elements, label, field), note),
    render,
  };
}

/**
 * Fields that choose an incoming connection: row and column of a pixel, or the neuron's number.
 * @param {Page} page
 * @param {Neuron} neuron
 * @param {() => void} oninput
 */
function sourceFields(page, neuron, oninput) {
  const { t, facts, network } = page;
  const before = network.neuronLayers[neuron.layer - 1];
  const shape = neuron.layer === 1 ? facts.shape : null;
  const field = (
    /** @type {string} */ id,
    /** @type {number} */ min,
    /** @type {number} */ max,
    /** @type {number} */ value,
  ) => h("input", { type: "number", id, min, max, step: 1, value, oninput });
  const fields = shape
    ? [field("weight-row", 1, shape[0], 14), field("weight-column", 1, shape[1], 14)]
    : [field("weight-from", 0, before.size - 1, 0)];
  const labels = shape
    ? [t("tune.row"), t("tune.column")]
    : [t("tune.from", { layer: layerName(t, before) })];
  return {
    elements: fields.flatMap((one, i) => [h("label", { for: one.id }, labels[i]), one]),
    /** The index of the connection; null where the fields name none. */
    index() {
      const [first, second] = fields.map(({ valueAsNumber }) => valueAsNumber);
      const index = shape ? (first - 1) * shape[1] + second - 1 : first;
      const valid = fields.every((one) => one.validity.valid);
      return valid && Number.isInteger(index) ? index : null;
    },
    /** @param {number} index */
    name: (index) =>
      shape
        ? t("tune.pixel", { row: fields[0].value, column: fields[1].value })
        : neuronName(page, before, index),
  };
}

/** @param {Neuron} neuron */
export function at({ layer, index }) {
  return { layer, neuron: index };
}
