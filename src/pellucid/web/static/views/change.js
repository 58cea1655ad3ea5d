// A panel: the network changed, and what that does to the drawing and to held-out digits.

import { LONGEST_EDITS, editWords } from "../address.js";
import { h, say, set } from "../dom.js";
import { count, number, percent, short } from "../format.js";
import { heldOut } from "../heldout.js";
import { afterRest } from "../later.js";
import { ACTIVATIONS, fits, isOff, withEdit } from "../network/edits.js";
import { layerName } from "../texts.js";
import { collapse } from "./collapse.js";
import { modelFiles } from "./files.js";
import { changedMuch, neuronName } from "./neuron.js";
import { painting } from "./painting.js";
import { offSwitch, oneWeight, thresholds } from "./tuning.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("../network/edits.js").Edit} Edit
 */

const REST = 500; // milliseconds without a change before held-out digits are counted

/** @param {Page} page @returns {View} */
export function change(page) {
  const parts = [oneNeuron(page), layers(page), effects(page), list(page)];
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

/** The chosen neuron: bias, off, one weight, all weights painted. @param {Page} page @returns {View} */
function oneNeuron(page) {
  const { t } = page;
  const title = h("h3");
  const place = h("div", { class: "parts-of-sum" });
  /** @type {import("./detail.js").Part[]} */
  let parts = [];
  let wasOff = false;
  return {
    element: h("section", {}, title, place),
    render(look, before) {
      const { neuron } = look.state;
      const off = neuron !== null && isOff(look.state.edits, neuron);
      const other = !before || neuron !== before.state.neuron || off !== wasOff;
      if (other) {
        wasOff = off;
        const changes = neuron && look.network.neuronLayers[neuron.layer].affine;
        const name = neuron ? nameOf(page, neuron) : t("change.neuron");
        say(title, name[0].toUpperCase() + name.slice(1));
        parts = [];
        if (neuron && off) parts = [offSwitch(page, neuron, "change-off")];
        else if (neuron && changes) {
          parts = [
            thresholds(page, neuron, "change-bias"),
            offSwitch(page, neuron, "change-off"),
            oneWeight(page, neuron),
          ];
          if (neuron.layer === 1 && page.pictures) parts.unshift(painting(page, neuron));
        }
        const hint = off
          ? t("detail.off")
          : neuron
            ? changes
              ? null
              : t("detail.residual")
            : t("change.choose");
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

/** The layers' activations: another one, or none at all. @param {Page} page @returns {View} */
function layers(page) {
  const { t, store } = page;
  const hidden = page.network.neuronLayers.filter(
    ({ number, last, activation }) => number && !last && activation,
  );
  const rows = hidden.map((place) => {
    const select = h(
      "select",
      {
        id: `activation-${place.number}`,
        "data-testid": `activation-${place.number}`,
        onchange: () =>
          page.edit(
            withEdit(store.state.edits, {
              kind: "activation",
              layer: place.number,
              type: select.value,
            }),
          ),
      },
      ...Object.keys(ACTIVATIONS).map((type) => h("option", { value: type }, type)),
    );
    return {
      place,
      select,
      element: h(
        "div",
        { class: "line" },
        h("label", { for: select.id }, layerName(t, place)),
        select,
      ),
    };
  });
  const linear = () => store.state.edits.some(({ kind }) => kind === "linear");
  const remove = h(
    "button",
    {
      type: "button",
      "data-testid": "remove-activations",
      onclick: () => {
        const { edits } = store.state;
        page.edit(
          linear()
            ? edits.filter(({ kind }) => kind !== "linear")
            : withEdit(edits, { kind: "linear" }),
        );
      },
    },
    t("change.linear"),
  );
  const affine = collapse(page);
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("change.activations")),
      ...rows.map(({ element }) => element),
      hidden.length ? h("div", { class: "tools" }, remove) : h("p", {}, t("change.no-hidden")),
      affine.element,
    ),
    render(look, before) {
      set(remove, { "aria-pressed": String(linear()) });
      for (const { place, select } of rows) {
        select.value = look.network.neuronLayers[place.number].activation?.type ?? "";
        select.disabled = linear();
      }
      affine.render(look, before);
    },
  };
}

/** Before and after: the drawing's answer, the neurons that hold another number, held-out digits. @param {Page} page @returns {View} */
function effects(page) {
  const { t } = page;
  const sure = t(
    page.network.layers.at(-1)?.type === "Sigmoid" ? "answer.match" : "answer.probability",
  );
  const rows = /** @type {const} */ (["answer", "confidence", "neurons", "held"]).map((name) => {
    const cells = ["before", "after"].map((side) => h("td", { "data-testid": `${name}-${side}` }));
    return {
      name,
      cells,
      element: h(
        "tr",
        {},
        h("th", { scope: "row" }, name === "confidence" ? sure : t(`effect.${name}`)),
        ...cells,
      ),
    };
  });
  const shown = rows.filter(({ name }) =>
    name === "held" ? page.digits.length : name !== "confidence" || page.network.classifies,
  );
  const progress = h("progress", { max: 1, "aria-label": t("effect.counting") });
  const note = h("p", { class: "note" });
  const tell = (
    /** @type {Look} */ { network, empty },
    /** @type {import("../network/network.js").Pass} */ { y },
  ) => {
    if (empty || !network.classifies)
      return empty ? ["–", "–"] : [Array.from(y, short).join(", "), ""];
    const sure = network.confidence(y);
    return [
      network.label(network.choose(y)),
      network.layers.at(-1)?.type === "Sigmoid" ? short(sure) : percent(sure),
    ];
  };
  const [answer, confidence, neurons, held] = rows.map(({ cells }) => cells);
  const again = afterRest(REST, async (current) => {
    const look = page.look();
    const before = await heldOut(page, page.base);
    if (!current()) return;
    say(held[0], shareOf(before));
    progress.hidden = false;
    const after = await heldOut(page, look.network, (share) => (progress.value = share));
    if (!current()) return;
    progress.hidden = true;
    say(held[1], shareOf(after));
    set(held[1], { "data-right": after.right, "data-rows": after.rows });
    const all = after.rows > page.digits.length;
    say(note, t(all ? "effect.all" : "effect.some", { rows: count(after.rows) }));
  });
  progress.hidden = true;
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("effect.title")),
      h(
        "table",
        { class: "effects" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td"),
            h("th", { scope: "col" }, t("effect.before")),
            h("th", { scope: "col" }, t("effect.after")),
          ),
        ),
        h("tbody", {}, ...shown.map(({ element }) => element)),
      ),
      progress,
      note,
    ),
    render(look, before) {
      if (look.network !== before?.network && page.digits.length) {
        say(held[1], "…");
        set(held[1], { "data-right": null, "data-rows": null }); // of the network before
        again();
      }
      if (look.pass === before?.pass && look.original === before.original) return;
      [look.original ?? look.pass, look.pass].forEach((pass, i) => {
        const [label, sure] = tell(look, pass);
        say(answer[i], label);
        say(confidence[i], sure);
      });
      const sizes = look.network.neuronLayers.slice(1);
      const changed = sizes.reduce((sum, { number, size }) => {
        return (
          sum +
          Array.from({ length: size }, (_, i) => Number(changedMuch(look, number, i))).reduce(
            (a, b) => a + b,
            0,
          )
        );
      }, 0);
      const all = sizes.reduce((sum, { size }) => sum + size, 0);
      say(neurons[0], "");
      say(neurons[1], t("effect.changed", { count: changed, all }));
    },
  };
}

/** @param {import("../heldout.js").HeldOut} held */
function shareOf({ right, rows, low, high }) {
  return `${percent(right / rows)} (${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)})`;
}

/** The edits, each with a way back, and the network as a file. @param {Page} page @returns {View} */
function list(page) {
  const { t, store } = page;
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
      const edits = look.state.edits.filter((edit) => fits(page.base, edit)); // another network may have become the base
      none.hidden = edits.length > 0;
      back.disabled = !edits.length;
      long.hidden = editWords(edits).length <= LONGEST_EDITS;
      rows.replaceChildren(
        ...edits.map((edit) => {
          const told = words(page, edit);
          const remove = () => page.edit(store.state.edits.filter((one) => one !== edit));
          const name = t("edits.remove.label", { edit: told });
          return h(
            "li",
            {},
            h("span", {}, told),
            h(
              "button",
              { type: "button", class: "small", "aria-label": name, onclick: remove },
              t("edits.remove"),
            ),
          );
        }),
      );
    },
  };
}

/** An edit in words. @param {Page} page @param {Edit} edit */
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
