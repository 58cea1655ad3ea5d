// A panel: the network changed, and what that does to the drawing and to held-out digits.

import { LONGEST_EDITS, editWords } from "../address.js";
import { h, set, setText } from "../dom.js";
import { number } from "../format.js";
import { ACTIVATIONS, fits, isOff, withEdit } from "../network/edits.js";
import { computing } from "../state.js";
import { layerName } from "../texts.js";
import { collapse } from "./collapse.js";
import { effects } from "./effects.js";
import { modelFiles } from "./files.js";
import { neuronName } from "./neuron.js";
import { painting } from "./painting.js";
import { offSwitch, oneWeight, thresholds } from "./tuning.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 * @typedef {import("../network/edits.js").Edit} Edit
 */

/** @param {Page} page @returns {View} */
export function change(page) {
  const parts = [oneNeuron(page), activations(page), effects(page), list(page)];
  const element = h("div", { class: "sections" }, ...parts.map((part) => part.element));
  return {
    element,
    render(look, before) {
      for (const part of parts) part.render(look, before);
    },
  };
}

/** @param {Page} page @param {Neuron} neuron */
function nameOf(page, neuron) {
  const place = page.network.neuronLayers[neuron.layer];
  return page.t("neuron.name", {
    layer: layerName(page.t, place),
    name: neuronName(page, place, neuron.index),
  });
}

/**
 * The chosen neuron: bias, off, one weight, all weights painted.
 * @param {Page} page
 * @returns {View}
 */
function oneNeuron(page) {
  const title = h("h3");
  const place = h("div", { class: "parts-of-sum" });
  /** @type {import("./detail.js").Part[]} */
  let parts = [];
  let wasOff = false;
  return {
    element: h("section", {}, title, place),
    render(look, before) {
      const neuron = computing(look.state);
      const off = neuron !== null && isOff(look.state.edits, neuron);
      const other = !before || neuron !== computing(before.state) || off !== wasOff;
      wasOff = off;
      if (other) {
        const name = neuron ? nameOf(page, neuron) : page.t("change.neuron");
        setText(title, name[0].toUpperCase() + name.slice(1));
        parts = neuron ? controlsOf(page, neuron, off) : [];
        const hint = hintOf(page, neuron, off);
        place.replaceChildren(
          ...(hint ? [h("p", { class: "hint" }, hint)] : []),
          ...parts.map(({ element }) => element),
        );
      }
      if (
        other ||
        look.pass !== before?.pass ||
        look.state.edits !== before.state.edits ||
        look.state.theme !== before.state.theme
      )
        for (const part of parts) part.render(look);
    },
  };
}

/**
 * @param {Page} page
 * @param {Neuron} neuron
 * @param {boolean} off
 * @returns {import("./detail.js").Part[]}
 */
function controlsOf(page, neuron, off) {
  if (off) return [offSwitch(page, neuron, "change-off")];
  if (!page.network.neuronLayers[neuron.layer].affine) return [];
  return [
    ...(neuron.layer === 1 && page.pictures ? [painting(page, neuron)] : []),
    thresholds(page, neuron, "change-bias"),
    offSwitch(page, neuron, "change-off"),
    oneWeight(page, neuron),
  ];
}

/** @param {Page} page @param {Neuron | null} neuron @param {boolean} off */
function hintOf({ t, network }, neuron, off) {
  if (!neuron) return t("change.choose");
  if (off) return t("detail.off");
  return network.neuronLayers[neuron.layer].affine ? null : t("detail.residual");
}

/** The layers' activations: another one, or none at all. @param {Page} page @returns {View} */
function activations(page) {
  const { t, store } = page;
  const rows = page.network.neuronLayers
    .filter(({ number, last, activation }) => number && !last && activation)
    .map((layer) => activationChoice(page, layer));
  const isLinear = () => store.state.edits.some(({ kind }) => kind === "linear");
  const toggle = () => {
    const { edits } = store.state;
    const others = edits.filter(({ kind }) => kind !== "linear");
    page.edit(isLinear() ? others : withEdit(edits, { kind: "linear" }));
  };
  const remove = h(
    "button",
    { type: "button", "data-testid": "remove-activations", onclick: toggle },
    t("change.linear"),
  );
  const product = collapse(page);
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("change.activations")),
      ...rows.map(({ element }) => element),
      rows.length ? h("div", { class: "tools" }, remove) : h("p", {}, t("change.no-hidden")),
      product.element,
    ),
    render(look, before) {
      set(remove, { "aria-pressed": String(isLinear()) });
      for (const { layer, select } of rows) {
        select.value = look.network.neuronLayers[layer.number].activation?.type ?? "";
        select.disabled = isLinear();
      }
      product.render(look, before);
    },
  };
}

/** @param {Page} page @param {NeuronLayer} layer */
function activationChoice(page, layer) {
  const id = `activation-${layer.number}`;
  const onchange = () => {
    const edit = /** @type {const} */ ({ kind: "activation", layer: layer.number });
    page.edit(withEdit(page.store.state.edits, { ...edit, type: select.value }));
  };
  const select = h(
    "select",
    { id, "data-testid": id, onchange },
    ...Object.keys(ACTIVATIONS).map((type) => h("option", { value: type }, type)),
  );
  const label = h("label", { for: id }, layerName(page.t, layer));
  return { layer, select, element: h("div", { class: "line" }, label, select) };
}

/**
 * The edits, each with a way back, and the network as a file.
 * @param {Page} page
 * @returns {View}
 */
function list(page) {
  const { t } = page;
  const rows = h("ol", { class: "edits", "data-testid": "edits" });
  const none = h("p", { class: "hint" }, t("edits.none"));
  const back = h(
    "button",
    { type: "button", "data-testid": "edits-back", onclick: () => page.edit([]) },
    t("edits.back"),
  );
  const long = h("p", { class: "note" }, t("edits.long"));
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("edits.title")),
      none,
      rows,
      long,
      h("div", { class: "tools" }, back),
      modelFiles(page),
    ),
    render(look, before) {
      if (before && look.network === before.network) return;
      // Edits of an earlier base stay in the state, so that undo brings them back with it.
      const edits = look.state.edits.filter((edit) => fits(page.base, edit));
      none.hidden = edits.length > 0;
      back.disabled = !edits.length;
      long.hidden = editWords(edits).length <= LONGEST_EDITS;
      rows.replaceChildren(...edits.map((edit) => row(page, edit)));
    },
  };
}

/** @param {Page} page @param {Edit} edit */
function row(page, edit) {
  const text = words(page, edit);
  const name = page.t("edits.remove.label", { edit: text });
  const onclick = () => page.edit(page.store.state.edits.filter((one) => one !== edit));
  const remove = h(
    "button",
    { type: "button", class: "small", "aria-label": name, onclick },
    page.t("edits.remove"),
  );
  return h("li", {}, h("span", {}, text), remove);
}

/** Return an edit in words. @param {Page} page @param {Edit} edit */
function words(page, edit) {
  const { t, network } = page;
  if (edit.kind === "linear") return t("edit.linear");
  if (edit.kind === "activation")
    return t("edit.activation", {
      layer: layerName(t, network.neuronLayers[edit.layer]),
      type: edit.type,
    });
  const name = nameOf(page, { layer: edit.layer, index: edit.neuron });
  if (edit.kind === "off") return t("edit.off", { name });
  if (edit.kind === "bias") return t("edit.bias", { name, value: number(edit.value) });
  if (edit.kind === "paint")
    return t("edit.paint", { name, count: edit.levels.filter(Boolean).length });
  const { shape } = page.facts;
  const pixel = shape && edit.layer === 1;
  const from = pixel
    ? t("tune.pixel", {
        row: Math.floor(edit.from / shape[1]) + 1,
        column: (edit.from % shape[1]) + 1,
      })
    : neuronName(page, network.neuronLayers[edit.layer - 1], edit.from);
  return t("edit.weight", { name, from, value: number(edit.value) });
}
