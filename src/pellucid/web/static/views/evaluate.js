// A panel: accuracy and confusion matrix on held-out digits; every cell opens its pictures.

import { h, set, setText } from "../dom.js";
import { count, percent } from "../format.js";
import { fetchPixels, heldOut } from "../heldout.js";
import { afterRest } from "../later.js";
import { chart } from "./chart.js";
import { tile } from "./tile.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../heldout.js").HeldOut} HeldOut
 * @typedef {import("../heldout.js").Digit} Digit
 * @typedef {[number, number] | null} Cell label and prediction; null for all misclassified digits
 */

const REST = 500; // milliseconds without a change of the network before it is evaluated
const SHOWN = 24; // pictures at a time
const CHANGES = /** @type {const} */ (["brightness", "noise", "shift", "rotation"]);

/** @param {Page} page @returns {import("../page.js").View} */
export function evaluate(page) {
  const { t } = page;
  const status = h("p", { role: "status", "data-testid": "evaluation" }, t("evaluate.wait"));
  const table = h("table", { class: "confusion" });
  const digits = gallery(page, () => open(null));
  /** @type {HeldOut | undefined} */
  let held;
  let cell = cellOf(page);
  const open = (/** @type {Cell} */ other) => {
    if (String(other) !== String(cell)) page.choose("cell", other && other.join("."));
    cell = other;
    if (!held) return;
    for (const button of table.querySelectorAll("button"))
      set(button, { "aria-pressed": String(button.dataset.cell === String(cell)) });
    digits.show(held, cell);
  };
  const evaluateAgain = afterRest(REST, async (current) => {
    const found = await heldOut(page, page.network);
    if (!current()) return;
    held = found;
    setText(status, sentence(page, found));
    table.replaceChildren(...matrix(page, found, open));
    open(cell);
  });
  return {
    element: layout(page, status, table, digits.element),
    render(look, before) {
      if (look.network !== before?.network) evaluateAgain();
    },
  };
}

/** Return the cell in the address. @param {Page} page @returns {Cell} */
function cellOf(page) {
  const found = /^([0-9])\.([0-9])$/.exec(page.store.state.choices.cell ?? "");
  return found && [Number(found[1]), Number(found[2])];
}

/** @param {Page} page @param {HeldOut} held */
function sentence({ t, facts }, { rows, right, low, high }) {
  return t(facts.server ? "evaluate.all-digits" : "evaluate.page-digits", {
    right: count(right),
    rows: count(rows),
    share: percent(rows ? right / rows : 0),
    low: percent(low),
    high: percent(high),
  });
}

/**
 * @param {Page} page
 * @param {HTMLElement} status
 * @param {HTMLElement} table
 * @param {HTMLElement} digits
 */
function layout(page, status, table, digits) {
  const { t } = page;
  const scroll = { class: "scroll", tabindex: 0, role: "region" };
  return h(
    "div",
    { class: "learning" },
    status,
    h(
      "div",
      { class: "evaluation" },
      h(
        "div",
        {},
        h("p", { class: "note" }, t("evaluate.matrix")),
        h("div", { ...scroll, "aria-label": t("evaluate.matrix.name") }, table),
      ),
      digits,
    ),
    page.facts.server ? robustness(page) : h("p", { class: "note" }, t("robust.offline")),
  );
}

/**
 * The confusion matrix: a row for each label, a column for each prediction.
 * @param {Page} page
 * @param {HeldOut} held
 * @param {(cell: Cell) => void} open
 */
function matrix({ t, network }, { counts }, open) {
  const names = counts.map((_, k) => network.label(k));
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, t("evaluate.label")),
    ...names.map((name) => h("th", { scope: "col" }, name)),
    h("th", { scope: "col" }, t("evaluate.right")),
  );
  const rows = counts.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((hits, j) => {
      if (!hits) return h("td", {}, "·");
      const words = { label: names[i], answer: names[j], count: hits };
      const button = h(
        "button",
        {
          type: "button",
          "data-testid": `cell-${i}-${j}`,
          "aria-label": t("evaluate.cell", words),
          onclick: () => open([i, j]),
        },
        String(hits),
      );
      button.dataset.cell = String([i, j]);
      button.style.setProperty(
        "--share",
        `${(100 * Math.min(1, (i === j ? 0.5 : 12) * (hits / total))).toFixed(1)}%`,
      );
      return h("td", { class: i === j ? "right" : null }, button);
    });
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, names[i]),
      ...cells,
      h("td", {}, total ? percent(row[i] / total) : "–"),
    );
  });
  return [h("thead", {}, head), h("tbody", {}, ...rows)];
}

/**
 * The pictures of a cell, or of all misclassified digits.
 * @param {Page} page
 * @param {() => void} openAll
 */
function gallery(page, openAll) {
  const { t, network } = page;
  const title = h("h3");
  const list = h("div", { class: "gallery" });
  const all = h("button", { type: "button", class: "small", onclick: openAll }, t("evaluate.all"));
  const more = h("button", { type: "button", class: "small", hidden: true });
  let turn = 0;
  /** @param {Digit} digit */
  const shown = (digit) => {
    const [label, answer] = [network.label(digit.label), network.label(digit.prediction)];
    const name = t("evaluate.digit", { index: digit.index, label, answer });
    return tile(page, digit, `digit-${digit.index}`, name, `${label} → ${answer}`);
  };
  /** @param {Digit[]} digits */
  const add = async (digits) => {
    const [mine, part, rest] = [turn, digits.slice(0, SHOWN), digits.slice(SHOWN)];
    more.hidden = true;
    await fetchPixels(part).catch(() => {});
    if (mine !== turn) return;
    list.append(...part.filter(({ pixels }) => pixels).map(shown));
    setText(more, t("evaluate.more", { count: count(rest.length) }));
    more.hidden = !rest.length;
    more.onclick = () => add(rest);
  };
  const element = h(
    "section",
    { hidden: true },
    h("div", { class: "line" }, title, all),
    list,
    more,
  );
  return {
    element,
    /** @param {HeldOut} held @param {Cell} cell */
    show(held, cell) {
      turn++;
      element.hidden = false;
      const digits = cell ? held.cell(...cell) : held.misclassified;
      const words = cell
        ? { label: network.label(cell[0]), answer: network.label(cell[1]) }
        : { label: "", answer: "" };
      setText(
        title,
        t(cell ? "evaluate.cell" : "evaluate.wrong", { ...words, count: count(digits.length) }),
      );
      all.hidden = !cell;
      list.replaceChildren();
      add(digits);
    },
  };
}

/** Robustness curves, on request: the server works on them for seconds. @param {Page} page */
function robustness(page) {
  const { t } = page;
  const charts = h("div", { class: "charts" });
  const status = h("span", { role: "status" });
  const measure = async () => {
    button.disabled = true;
    charts.replaceChildren();
    const body = /** @type {BufferSource} */ (page.network.toBytes());
    try {
      for (const change of CHANGES) {
        setText(status, t("robust.wait", { change: t(`robust.${change}`) }));
        const headers = { "accept-language": page.store.state.language };
        const response = await fetch(`robustness/${change}`, { method: "POST", headers, body });
        if (!response.ok) return setText(status, await response.text());
        charts.append(robustnessChart(page, change, await response.json()));
      }
      setText(status, "");
    } catch {
      setText(status, t("learn.lost"));
    } finally {
      button.disabled = false;
    }
  };
  const button = h(
    "button",
    { type: "button", "data-testid": "robustness", onclick: measure },
    t("robust.measure"),
  );
  return h(
    "section",
    { class: "learning" },
    h("h3", {}, t("robust.title")),
    h("p", {}, t("robust.text")),
    h("p", { class: "line" }, button, status),
    charts,
  );
}

/**
 * @param {Page} page
 * @param {typeof CHANGES[number]} change
 * @param {{levels: number[], accuracy: number[], intervals: [number, number][], rows: number}}
 *   found
 */
function robustnessChart({ t }, change, { levels, accuracy, intervals, rows }) {
  const drawn = chart(t(`robust.${change}`), (value) => `${(100 * value).toFixed(0)} %`);
  const sentences = levels.map((level, i) => {
    const [low, high] = intervals[i];
    return `${level}: ${percent(accuracy[i])} (${percent(low)} – ${percent(high)})`;
  });
  const points = levels.map((level, i) => /** @type {[number, number]} */ ([level, accuracy[i]]));
  drawn.render(
    [{ name: t("robust.right", { rows: count(rows) }), kind: "first", points }],
    [0, 1],
    {
      right: Math.max(...levels),
      description: sentences.join(", "),
    },
  );
  set(drawn.element, { title: sentences.join("\n") });
  return drawn.element;
}
