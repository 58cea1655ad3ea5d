// A list of signed bars around 0, each with its name and number.

import { h, set, setText } from "../dom.js";
import { short } from "../format.js";

/**
 * @typedef {{name: string, value: number, sentence: string}} Row `sentence` is shown on pointing
 *   and read aloud
 */

const MOST = 20;

/**
 * @param {(value: number) => string} [form] how numbers are written
 * @param {number} [most] rows: the largest, where there are more
 * @returns {{element: HTMLElement, render: (rows: Row[]) => void}}
 */
export function bars(form = shortSigned, most = MOST) {
  const element = h("ul", { class: "bars" });
  const rest = h("p", { class: "note" });
  /**
   * @type {{row: HTMLLIElement, name: HTMLElement, fill: HTMLElement, value: HTMLElement, sentence:
   *   HTMLElement}[]}
   */
  let lines = [];
  return {
    element: h("div", {}, element, rest),
    render(rows) {
      const chosen = rows.length > most ? strongest(rows, most) : rows;
      if (lines.length !== chosen.length) {
        lines = chosen.map(line);
        element.replaceChildren(...lines.map(({ row }) => row));
      }
      const largest = Math.max(...rows.map(({ value }) => Math.abs(value))) || 1;
      chosen.forEach(({ name, value, sentence }, i) => {
        const share = (50 * Math.abs(value)) / largest;
        const parts = lines[i];
        setText(parts.name, name);
        setText(parts.value, form(value));
        setText(parts.sentence, sentence);
        set(parts.row, { title: sentence });
        set(parts.fill, { class: value < 0 ? "fill minus" : "fill plus" });
        parts.fill.style.width = `${share.toFixed(2)}%`;
        parts.fill.style.left = `${(value < 0 ? 50 - share : 50).toFixed(2)}%`;
      });
      setText(rest, rows.length > most ? `+ ${rows.length - most}` : "");
    },
  };
}

/** @param {number} value */
function shortSigned(value) {
  const text = short(value);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

function line() {
  const [name, fill, value, sentence] = ["name", "fill", "value", "unseen"].map((kind) =>
    h("span", { class: kind }),
  );
  for (const part of [name, value]) set(part, { "aria-hidden": "true" });
  const row = h(
    "li",
    {},
    name,
    h("span", { class: "track", "aria-hidden": "true" }, fill),
    value,
    sentence,
  );
  return { row, name, fill, value, sentence };
}

/** @param {Row[]} rows @param {number} most */
function strongest(rows, most) {
  return rows
    .slice()
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, most);
}
