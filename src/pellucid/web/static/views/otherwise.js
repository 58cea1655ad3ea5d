// The counterfactual: the smallest change of the input found that changes the answer.

import { h, set, setText } from "../dom.js";
import { count, minus, number, percent, short } from "../format.js";
import { afterRest, breather } from "../later.js";
import { counterfactual } from "../network/reasons.js";
import { canvas, paintGrey, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../network/reasons.js").Counterfactual} Counterfactual
 * @typedef {{before: string, after: string, largest: string}} Words
 * @typedef {{sentence: string, look?: Look, found?: Counterfactual, words?: Words}} Outcome
 * @typedef {{element: HTMLElement, render: (look: Look, found: Counterfactual, words: Words) =>
 *   void}} Result
 */

const REST = 300; // milliseconds without a change before the search begins

/** @param {Page} page @returns {import("../page.js").View} */
export function otherwise(page) {
  const { t, pictures } = page;
  const target = targetChoice(page, () => searchAgain());
  const status = h("p", { role: "status", "data-testid": "other-result" });
  const result = pictures ? threePictures(page) : columns(page);
  const note = h("p", { class: "note" }, t(pictures ? "other.note" : "other.note.row"));
  /** @param {Outcome} outcome */
  const show = ({ sentence, look, found, words }) => {
    setText(status, sentence);
    set(status, { "data-distance": found?.distance ?? null });
    result.element.hidden = note.hidden = !found;
    if (found && look && words) result.render(look, found, words);
  };
  const searchAgain = afterRest(REST, async (current) => {
    const wanted = target.value ? Number(target.value) : null;
    const outcome = await search(page, page.look(), wanted, current);
    if (current()) show(outcome);
  });
  show({ sentence: "" });
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("other.title")),
      h("div", { class: "line" }, h("label", { for: target.id }, t("other.target")), target),
      status,
      result.element,
      note,
    ),
    render(look, before) {
      if (look.pass !== before?.pass || look.state.theme !== before.state.theme) searchAgain();
    },
  };
}

/** @param {Page} page */
function classesOf({ network }) {
  const { size } = network.neuronLayers[network.neuronLayers.length - 1];
  return Array.from({ length: Math.max(size, 2) }, (_, k) => k); // one output has two classes
}

/** @param {Page} page @param {() => void} onchange */
function targetChoice(page, onchange) {
  const id = "other-target";
  const choose = () => {
    page.choose("other", select.value || null);
    onchange();
  };
  const select = h(
    "select",
    { id, "data-testid": id, onchange: choose },
    h("option", { value: "" }, page.t("other.nearest")),
    ...classesOf(page).map((k) => h("option", { value: k }, page.network.label(k))),
  );
  select.value = page.store.state.choices.other ?? "";
  return select;
}

/**
 * Search for the smallest change of the input that changes the answer.
 * @param {Page} page
 * @param {Look} look
 * @param {number | null} target a class; null for whichever is nearest
 * @param {() => boolean} current false once the search is out of date
 * @returns {Promise<Outcome>}
 */
async function search(page, look, target, current) {
  const { t, network, pictures } = page;
  const { prediction, pass } = look;
  const before = network.label(prediction);
  if (look.empty) return { sentence: t("other.empty") };
  if (target === prediction) return { sentence: t("other.same", { before }) };
  const wanted = target === null ? classesOf(page).filter((k) => k !== prediction) : [target];
  const breathe = breather();
  const pause = async () => {
    await breathe();
    return current();
  };
  const limits = limitsOf(page, pass.x);
  const found = await counterfactual(look.network, pass.x, wanted, pause, limits);
  if (!found) return { sentence: t(pictures ? "other.none" : "other.none.row", { before }) };
  const form = network.matches ? short : percent;
  const words = {
    before,
    sure: form(look.confidence),
    after: network.label(found.after),
    then: form(found.confidence),
    distance: number(found.distance),
    count: count(found.changed),
    largest: number(found.largest),
  };
  return { sentence: t(pictures ? "other.found" : "other.found.row", words), look, found, words };
}

/**
 * Return the limits of a row: categories and missing numbers stay, and so do dates with the sine and
 * cosine of a cycle, which must move together; null for a picture.
 * @param {Page} page
 * @param {Float64Array} x
 */
function limitsOf({ facts, pictures }, x) {
  if (pictures) return null;
  const [low, high] = [x.slice(), x.slice()];
  for (const field of facts.fields) {
    const { categories, inputs, cycles = [], offset = 0, low: least = 0, high: most = 0 } = field;
    if (categories || cycles.length || (field.flagged && x[inputs[1]])) continue;
    [low[inputs[0]], high[inputs[0]]] = [least - offset, most - offset];
  }
  return { low, high };
}

/** Before, after and between. @param {Page} page @returns {Result} */
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
      captions.forEach((caption, i) => setText(caption, named[i]));
    },
  };
}

/**
 * The columns that change, in their own units, the largest changes first.
 * @param {Page} page
 * @returns {Result}
 */
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
