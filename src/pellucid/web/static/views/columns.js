// Inputs that are no pixels: a number for each.

import { h } from "../dom.js";

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
export function columns(page) {
  const { t, store, facts } = page;
  const fields = Array.from({ length: page.D }, (_, i) =>
    h("input", {
      id: `column-${i}`,
      type: "number",
      step: "any",
      oninput: (/** @type {any} */ event) => {
        const value = event.target.valueAsNumber;
        if (!Number.isFinite(value)) return;
        const values = Float64Array.from(store.state.input.values);
        values[i] = value;
        page.input(values, { kind: "drawn" });
      },
    }),
  );
  const rows = fields.map((field, i) =>
    h("div", { class: "setting" }, h("label", { for: field.id }, facts.columns[i] ?? String(i)), field),
  );
  return {
    element: h(
      "section",
      { id: "drawing", tabindex: -1, class: "card pad columns", "aria-labelledby": "columns-title" },
      h("h2", { id: "columns-title" }, t("columns.title")),
      ...rows,
    ),
    render({ state: { input } }, before) {
      if (input === before?.state.input) return;
      fields.forEach((field, i) => {
        if (field.valueAsNumber !== input.values[i]) field.value = String(input.values[i]);
      });
    },
  };
}
