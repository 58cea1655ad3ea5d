// Changing one neuron: its bias as a threshold, off and on, one weight by number.

import { h, say, set } from "../dom.js";
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
const THRESHOLDS = ["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "GELU", "SiLU"];

/**
 * Edits while something moves: the first is a step that can be undone, the others go with it until it ends.
 * @param {Page} page
 */
export function moving({ store, edit }) {
  let moves = false;
  return {
    /** @param {Page} page @param {Edit[]} edits */
    give(page, edits) {
      if (moves) store.set({ edits });
      else edit.call(page, edits);
      moves = true;
    },
    end() {
      moves = false;
    },
  };
}

/** In a neuron's detail: bias, off and on, and the way to the rest. @param {Page} page @param {Neuron} neuron @returns {Part} */
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
      bias.element.hidden = isOff(look.state.edits, neuron); // what holds it at 0 is no bias of its own
      if (!bias.element.hidden) bias.render(look);
      off.render(look);
    },
  };
}

/**
 * The bias as a slider and as a number, and what threshold that is.
 * @param {Page} page
 * @param {Neuron} neuron
 * @param {string} id
 * @param {boolean} [says] what threshold it is; beside its curve there is no need
 * @returns {Part}
 */
export function thresholds(page, neuron, id, says = true) {
  const { t, store } = page;
  const place = page.network.neuronLayers[neuron.layer];
  if (!place.affine?.arrays.b)
    return { element: h("p", { class: "note" }, t("tune.no-bias")), render() {} };
  const moves = moving(page);
  const take = (/** @type {HTMLInputElement} */ field) => {
    const value = Math.round(1e6 * field.valueAsNumber) / 1e6;
    if (!Number.isFinite(value)) return;
    moves.give(page, withEdit(store.state.edits, { kind: "bias", ...at(neuron), value }));
  };
  const slider = h("input", {
    type: "range",
    id: `${id}-slider`,
    "data-testid": `${id}-slider`,
    step: 0.05,
    oninput: () => take(slider),
    onchange: () => moves.end(),
  });
  const field = h("input", {
    type: "number",
    step: "any",
    "data-testid": `${id}-number`,
    "aria-label": t("tune.bias"),
    onchange: () => {
      take(field);
      moves.end();
    },
  });
  const note = h("p", { class: "note" });
  return {
    element: h(
      "div",
      {},
      h("div", { class: "setting" }, h("label", { for: slider.id }, t("tune.bias")), slider, field),
      says ? note : null,
    ),
    render(look) {
      const bias = biasOf(look, neuron.layer, neuron.index);
      const reach = Math.max(LEAST_REACH, Math.ceil(Math.abs(bias)));
      set(slider, { min: -reach, max: reach, "aria-valuetext": number(bias) });
      if (slider.valueAsNumber !== bias) slider.value = String(bias);
      if (document.activeElement !== field || !Number.isFinite(field.valueAsNumber))
        field.value = String(+bias.toFixed(4));
      slider.disabled = field.disabled = isOff(look.state.edits, neuron);
      const values = { threshold: number(-bias), sum: number(terms(look, neuron).total) };
      const type = look.network.neuronLayers[neuron.layer].activation?.type ?? "";
      say(note, t(THRESHOLDS.includes(type) ? "tune.threshold" : "tune.shift", values));
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
    render: ({ state }) => say(element, t(isOff(state.edits, neuron) ? "tune.on" : "tune.off")),
  };
}

/** One weight by number: of a pixel, or of a neuron before. @param {Page} page @param {Neuron} neuron @returns {Part} */
export function oneWeight(page, neuron) {
  const { t, store, facts, network } = page;
  const before = network.neuronLayers[neuron.layer - 1];
  const shape = neuron.layer === 1 ? facts.shape : null;
  const count = (
    /** @type {string} */ id,
    /** @type {number} */ least,
    /** @type {number} */ most,
    /** @type {number} */ value,
  ) =>
    h("input", {
      type: "number",
      id,
      min: least,
      max: most,
      step: 1,
      value,
      oninput: () => render(page.look()),
    });
  const fields = shape
    ? [count("weight-row", 1, shape[0], 14), count("weight-column", 1, shape[1], 14)]
    : [count("weight-from", 0, before.size - 1, 0)];
  const labels = shape
    ? [t("tune.row"), t("tune.column")]
    : [t("tune.from", { layer: layerName(t, before) })];
  const from = () => {
    const [first, second] = fields.map(({ valueAsNumber }) => valueAsNumber);
    const index = shape ? (first - 1) * shape[1] + second - 1 : first;
    return fields.every((field) => field.validity.valid) && Number.isInteger(index) ? index : null;
  };
  const field = h("input", {
    type: "number",
    id: "weight-value",
    "data-testid": "weight-value",
    step: "any",
    onchange: () => {
      const [source, value] = [from(), field.valueAsNumber];
      if (source === null || !Number.isFinite(value)) return;
      page.edit(
        withEdit(store.state.edits, { kind: "weight", ...at(neuron), from: source, value }),
      );
    },
  });
  const told = h("p", { class: "note" });
  /** @param {Look} look */
  const render = (look) => {
    const source = from();
    field.disabled = source === null;
    if (source === null) return say(told, t("tune.no-weight"));
    const { weights, before: inputs, products } = terms(look, neuron);
    if (document.activeElement !== field) field.value = String(+weights[source].toFixed(4));
    const name = shape
      ? t("tune.pixel", { row: fields[0].value, column: fields[1].value })
      : neuronName(page, before, source);
    const words = {
      weight: number(weights[source]),
      activation: number(inputs[source]),
      product: number(products[source]),
    };
    say(told, t("detail.incoming.row", { name, ...words }));
  };
  return {
    element: h(
      "div",
      {},
      h(
        "div",
        { class: "line" },
        ...fields.flatMap((input, i) => [h("label", { for: input.id }, labels[i]), input]),
        h("label", { for: field.id }, t("tune.weight")),
        field,
      ),
      told,
    ),
    render,
  };
}

/** @param {Neuron} neuron */
export function at({ layer, index }) {
  return { layer, neuron: index };
}
