// What would have to change: the smallest change found of the input that turns the answer.

import { h, say, set } from "../dom.js";
import { count, minus, number, percent, short } from "../format.js";
import { afterRest, breather } from "../later.js";
import { counterfactual } from "../network/reasons.js";
import { canvas, paintGrey, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../network/reasons.js").Counterfactual} Counterfactual
 * @typedef {{before: string, after: string, largest: string}} Words
 * @typedef {{element: HTMLElement, render: (look: Look, found: Counterfactual, words: Words) => void}} Shown
 */

const REST = 300; // milliseconds without a change before the search begins

/** @param {Page} page @returns {import("../page.js").View} */
export function otherwise(page) {
  const { t, network, pictures } = page;
  const K = Math.max(network.neuronLayers[network.neuronLayers.length - 1].size, 2);
  const classes = Array.from({ length: K }, (_, k) => k);
  const target = h(
    "select",
    { id: "other-target", "data-testid": "other-target", onchange: choose },
    h("option", { value: "" }, t("other.nearest")),
    ...classes.map((k) => h("option", { value: k }, network.label(k))),
  );
  target.value = page.store.state.choices.other ?? "";
  const told = h("p", { role: "status", "data-testid": "other-told" });
  const shown = pictures ? threePictures(page) : columns(page);
  const note = h("p", { class: "note" }, t(pictures ? "other.note" : "other.note.row"));
  const quiet = (/** @type {string} */ text) => {
    say(told, text);
    set(told, { "data-distance": null });
    shown.element.hidden = note.hidden = true;
  };
  const sure = (/** @type {number} */ value) =>
    network.layers.at(-1)?.type === "Sigmoid" ? short(value) : percent(value);
  function choose() {
    page.choose("other", target.value || null);
    again();
  }
  const again = afterRest(REST, async (current) => {
    const look = page.look();
    const wanted = target.value ? [Number(target.value)] : classes.filter((k) => k !== look.answer);
    const from = network.label(look.answer);
    if (look.empty) return quiet(t("other.empty"));
    if (wanted[0] === look.answer) return quiet(t("other.same", { before: from }));
    const breathe = breather();
    const pause = async () => {
      await breathe();
      return current();
    };
    const found = await counterfactual(
      look.network,
      look.pass.x,
      wanted,
      pause,
      limitsOf(page, look.pass.x),
    );
    if (!current()) return;
    if (!found) return quiet(t(pictures ? "other.none" : "other.none.row", { before: from }));
    shown.element.hidden = note.hidden = false;
    const words = {
      before: from,
      sure: sure(look.confidence),
      after: network.label(found.after),
      then: sure(found.confidence),
      distance: number(found.distance),
      count: count(found.changed),
      largest: number(found.largest),
    };
    say(told, t(pictures ? "other.found" : "other.found.row", words));
    set(told, { "data-distance": found.distance });
    shown.render(look, found, words);
  });
  quiet("");
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("other.title")),
      h("div", { class: "line" }, h("label", { for: "other-target" }, t("other.target")), target),
      told,
      shown.element,
      note,
    ),
    render(look, before) {
      if (look.pass !== before?.pass || look.state.theme !== before.state.theme) again();
    },
  };
}

/** Within what limits a row may move: categories, and numbers that are missing, stay; null for a picture's limits. @param {Page} page @param {Float64Array} x */
function limitsOf({ facts, pictures }, x) {
  if (pictures) return null;
  const [low, high] = [x.slice(), x.slice()];
  for (const { categories, inputs, offset = 0, low: least = 0, high: most = 0 } of facts.fields) {
    const [at, mark] = inputs;
    if (categories || (mark !== undefined && x[mark])) continue;
    [low[at], high[at]] = [least - offset, most - offset];
  }
  return { low, high };
}

/** Before, after and between. @param {Page} page @returns {Shown} */
function threePictures({ t, facts }) {
  const shape = /** @type {number[]} */ (facts.shape);
  const double = shape.map((side) => 2 * side);
  const [before, after, between] = [shape, shape, double].map((size) =>
    canvas(size, { role: "img" }),
  );
  const captions = [before, after, between].map(() => h("figcaption"));
  const figures = [before, after, between].map((picture, i) =>
    h("figure", {}, picture, captions[i]),
  );
  return {
    element: h("div", { class: "pictures three" }, ...figures),
    render(look, found, words) {
      paintGrey(before, look.picture);
      paintGrey(after, look.network.takesBytes ? found.x : found.x.map((value) => 255 * value));
      paintSigned(between, shape, found.moves, found.largest);
      const named = [t("other.before", words), t("other.after", words), t("other.between", words)];
      [before, after, between].forEach((picture, i) => set(picture, { "aria-label": named[i] }));
      captions.forEach((caption, i) => say(caption, named[i]));
    },
  };
}

/** The columns that move, in their own units, those that move most in front. @param {Page} page @returns {Shown} */
function columns({ t, facts }) {
  const rows = h("tbody");
  const head = ["other.column", "other.from", "other.to"].map((key) =>
    h("th", { scope: "col" }, t(/** @type {import("../texts.js").Key} */ (key))),
  );
  return {
    element: h(
      "table",
      { class: "moves", "data-testid": "other-moves" },
      h("thead", {}, h("tr", {}, ...head)),
      rows,
    ),
    render({ pass }, { x, moves, largest }) {
      const moved = facts.fields
        .filter(({ inputs: [at] }) => Math.abs(moves[at]) > 0.01 * largest)
        .sort((a, b) => Math.abs(moves[b.inputs[0]]) - Math.abs(moves[a.inputs[0]]));
      rows.replaceChildren(
        ...moved.map(({ name, inputs: [at], offset = 0 }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name),
            ...[pass.x[at], x[at]].map((value) =>
              h("td", {}, minus(String(Number((value + offset).toPrecision(5))))),
            ),
          ),
        ),
      );
    },
  };
}
