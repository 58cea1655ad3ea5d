// Before and after the edits: the drawing's answer, the neurons that changed, held-out digits.

import { h, set, setText } from "../dom.js";
import { count, percent, short } from "../format.js";
import { heldOut } from "../heldout.js";
import { afterRest } from "../later.js";
import { changedMuch } from "./neuron.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 */

const REST = 500; // milliseconds without a change before held-out digits are counted

/** @param {Page} page @returns {View} */
export function effects(page) {
  const { t } = page;
  const table = comparison(page);
  const progress = h("progress", { max: 1, hidden: true, "aria-label": t("effect.counting") });
  const note = h("p", { class: "note" });
  const [beforeEdits, afterEdits] = table.cells.held;
  const recount = afterRest(REST, async (current) => {
    const { network } = page.look();
    const before = await heldOut(page, page.base);
    if (!current()) return;
    setText(beforeEdits, accuracyOf(before));
    progress.hidden = false;
    const after = await heldOut(page, network, (share) => (progress.value = share));
    if (!current()) return;
    progress.hidden = true;
    setText(afterEdits, accuracyOf(after));
    set(afterEdits, { "data-right": after.right, "data-rows": after.rows });
    const all = after.rows > page.digits.length;
    setText(note, t(all ? "effect.all" : "effect.some", { rows: count(after.rows) }));
  });
  return {
    element: h("section", {}, h("h3", {}, t("effect.title")), table.element, progress, note),
    render(look, before) {
      if (look.network !== before?.network && page.digits.length) {
        setText(afterEdits, "…");
        set(afterEdits, { "data-right": null, "data-rows": null }); // of the network before
        recount();
      }
      if (look.pass !== before?.pass || look.original !== before.original) table.render(look);
    },
  };
}

/** The table of what was before, and what is after. @param {Page} page */
function comparison(page) {
  const { t, network } = page;
  const pair = (/** @type {string} */ name) =>
    ["before", "after"].map((side) => h("td", { "data-testid": `${name}-${side}` }));
  const cells = {
    answer: pair("answer"),
    confidence: pair("confidence"),
    neurons: pair("neurons"),
    held: pair("held"),
  };
  const scale = t(network.matches ? "answer.match" : "answer.probability");
  const rows = [
    { name: t("effect.answer"), cells: cells.answer },
    ...(network.classifies ? [{ name: scale, cells: cells.confidence }] : []),
    { name: t("effect.neurons"), cells: cells.neurons },
    ...(page.digits.length ? [{ name: t("effect.held"), cells: cells.held }] : []),
  ];
  const heads = [t("effect.before"), t("effect.after")].map((text) =>
    h("th", { scope: "col" }, text),
  );
  const element = h(
    "table",
    { class: "effects" },
    h("thead", {}, h("tr", {}, h("td"), ...heads)),
    h(
      "tbody",
      {},
      ...rows.map(({ name, cells }) => h("tr", {}, h("th", { scope: "row" }, name), ...cells)),
    ),
  );
  /** @param {Look} look */
  const render = (look) => {
    [look.original ?? look.pass, look.pass].forEach((pass, i) => {
      const [label, confidence] = answerOf(look, pass.y);
      setText(cells.answer[i], label);
      setText(cells.confidence[i], confidence);
    });
    setText(cells.neurons[1], t("effect.changed", changedNeurons(look)));
  };
  return { element, cells, render };
}

/** Return an output's answer and confidence as text. @param {Look} look @param {Float64Array} y */
function answerOf({ network, empty }, y) {
  if (empty) return ["–", "–"];
  if (!network.classifies) return [Array.from(y, short).join(", "), ""];
  const confidence = network.confidence(y);
  const form = network.matches ? short : percent;
  return [network.label(network.choose(y)), form(confidence)];
}

/** Count the neurons whose activation changed visibly. @param {Look} look */
function changedNeurons(look) {
  let [changed, all] = [0, 0];
  for (const { number, size } of look.network.neuronLayers.slice(1)) {
    all += size;
    for (let i = 0; i < size; i++) changed += Number(changedMuch(look, number, i));
  }
  return { count: changed, all };
}

/** @param {import("../heldout.js").HeldOut} held */
function accuracyOf({ right, rows, low, high }) {
  return `${percent(right / rows)} (${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)})`;
}
