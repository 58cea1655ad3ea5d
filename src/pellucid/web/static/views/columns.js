// Inputs that are not pixels: a row of a table by its columns, or a number for each input.

import { h } from "../dom.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../resources.js").Field} Field
 * @typedef {{element: HTMLElement, render: (values: ArrayLike<number>) => void}} Control
 * @typedef {{change: (changes: [number, number][]) => void, end: () => void}} Row changes are pairs
 *   of input and value
 */

const DIGITS = 4; // significant digits of a value that a slider sets
const DAY = 86_400_000; // milliseconds, in which browsers count dates

/** @param {Page} page @returns {import("../page.js").View} */
export function columns(page) {
  const { t, facts } = page;
  const row = changing(page);
  const controls = facts.fields.length
    ? facts.fields.map((field, i) =>
        field.categories ? choice(page, field, i, row) : measure(page, field, i, row),
      )
    : Array.from({ length: page.D }, (_, i) => plain(facts.columns[i] ?? String(i), i, row));
  return {
    element: h(
      "section",
      {
        id: "drawing",
        tabindex: -1,
        class: "card pad columns",
        "aria-labelledby": "columns-title",
      },
      h("h2", { id: "columns-title" }, t("columns.title")),
      h(
        "div",
        { class: "fields", "data-control": "settings" },
        ...controls.map(({ element }) => element),
      ),
      ...directions(page),
      h("div", { class: "tools" }, startButton(page)),
    ),
    render({ state: { input } }, before) {
      if (input !== before?.state.input)
        for (const control of controls) control.render(input.values);
    },
  };
}

/**
 * Return what the weights prove: with which columns the prediction can only rise or only fall.
 * @param {Page} page
 */
function directions({ t, network, facts }) {
  const what = network.classifies
    ? t("columns.probability", { label: network.label(1) })
    : facts.target;
  const notes = [];
  for (const [sign, key] of /** @type {const} */ ([
    [1, "columns.rising"],
    [-1, "columns.falling"],
  ])) {
    const names = facts.fields
      .filter(({ direction }) => direction === sign)
      .map(({ name }) => name);
    if (names.length)
      notes.push(
        h(
          "p",
          { class: "note", "data-testid": `columns-${sign}` },
          t(key, { names: names.join(", "), what }),
        ),
      );
  }
  return notes;
}

/** Changes of the row; those of one slide are one undo step. @param {Page} page @returns {Row} */
function changing(page) {
  const { store } = page;
  let moves = false;
  return {
    change(changes) {
      const values = Float64Array.from(store.state.input.values);
      for (const [i, value] of changes) values[i] = value;
      const source = { kind: /** @type {const} */ ("drawn") };
      if (moves) store.set({ input: { values, source } });
      else page.setInput(values, source);
      moves = true;
    },
    end() {
      moves = false;
    },
  };
}

/** @param {Page} page */
function startButton(page) {
  const onclick = () => page.setInput(page.facts.start, { kind: "drawn" });
  return h(
    "button",
    { type: "button", class: "small", "data-testid": "row-start", onclick },
    page.t("columns.start"),
  );
}

/**
 * A number by its field alone, as its range is not known.
 * @param {string} name
 * @param {number} i
 * @param {Row} row
 * @returns {Control}
 */
function plain(name, i, row) {
  const field = numberField(`column-${i}`, (value) => row.change([[i, value]]), row.end);
  return {
    element: h("div", { class: "setting" }, h("label", { for: field.id }, name), field),
    render: (values) => show(field, values[i]),
  };
}

/**
 * A number in its own units, by field and slider.
 * @param {Page} page
 * @param {Field} field
 * @param {number} i
 * @param {Row} row
 * @returns {Control}
 */
function measure({ t }, field, i, row) {
  const { name, inputs, offset = 0, low = 0, high = 1, fill = 0 } = field;
  const at = inputs[0];
  const mark = field.flagged ? inputs[1] : undefined;
  const present = mark === undefined ? [] : [/** @type {[number, number]} */ ([mark, 0])];
  const give = (/** @type {number} */ value) =>
    row.change([[at, value - offset], ...present, ...waves(field, value)]);
  const number = field.dates
    ? dateField(field, `column-${i}`, give, row.end)
    : numberField(`column-${i}`, give, row.end);
  const rounded = (/** @type {number} */ value) =>
    field.dates ? Math.round(value) : Number(value.toPrecision(DIGITS));
  const slider = h("input", {
    type: "range",
    min: low,
    max: high,
    step: "any",
    "aria-label": t("columns.slider", { name }),
    oninput: () => give(rounded(slider.valueAsNumber)),
    onchange: row.end,
  });
  const missing = h("input", {
    type: "checkbox",
    id: `missing-${i}`,
    onchange: () => {
      row.change([
        [at, fill],
        [/** @type {number} */ (mark), Number(missing.checked)],
        ...waves(field, missing.checked ? NaN : fill + offset),
      ]);
      row.end();
    },
  });
  const label = h("label", { for: number.id }, name);
  const flag =
    mark === undefined
      ? null
      : h(
          "span",
          { class: "flag" },
          missing,
          h("label", { for: missing.id }, t("columns.missing")),
        );
  return {
    element: h(
      "div",
      { class: "column", role: "group", "aria-label": name },
      label,
      number,
      slider,
      flag,
    ),
    render(values) {
      missing.checked = mark !== undefined && values[mark] === 1;
      number.disabled = slider.disabled = missing.checked;
      const value = missing.checked ? NaN : tidy(values[at] + offset);
      show(number, field.dates ? DAY * (timed(field) ? value : Math.floor(value)) : value);
      slider.value = String(values[at] + offset);
    },
  };
}

/**
 * Return sine and cosine of each cycle of a date, in days since 1970; 0 for a missing one.
 * @param {Field} field
 * @param {number} days
 * @returns {[number, number][]}
 */
function waves({ inputs, flagged, cycles = [] }, days) {
  const first = flagged ? 2 : 1;
  return cycles.flatMap((period, k) => {
    const angle = (2 * Math.PI * (days - Math.floor(days / period) * period)) / period;
    const pair = Number.isNaN(days) ? [0, 0] : [Math.sin(angle), Math.cos(angle)];
    return pair.map(
      (wave, j) => /** @type {[number, number]} */ ([inputs[first + 2 * k + j], wave]),
    );
  });
}

/**
 * A category by its name.
 * @param {Page} page
 * @param {Field} field
 * @param {number} i
 * @param {Row} row
 * @returns {Control}
 */
function choice({ t }, { name, inputs, categories, indexed = false }, i, row) {
  const names = /** @type {string[]} */ (categories);
  const select = h(
    "select",
    {
      id: `column-${i}`,
      onchange: () => {
        const chosen = select.selectedIndex;
        row.change(inputs.map((input, k) => [input, indexed ? chosen : Number(k === chosen)]));
        row.end();
      },
    },
    ...names.map((category) => h("option", {}, category)),
    ...(indexed ? [] : [h("option", {}, t("columns.other"))]),
  );
  return {
    element: h("div", { class: "column" }, h("label", { for: select.id }, name), select),
    render(values) {
      if (indexed) {
        select.selectedIndex = values[inputs[0]];
        return;
      }
      const chosen = inputs.findIndex((input) => values[input] === 1);
      select.selectedIndex = chosen < 0 ? names.length : chosen;
    },
  };
}

/** @param {string} id @param {(value: number) => void} give @param {() => void} end */
function numberField(id, give, end) {
  const field = h("input", {
    id,
    type: "number",
    step: "any",
    oninput: () => {
      if (Number.isFinite(field.valueAsNumber)) give(field.valueAsNumber);
      end();
    },
  });
  return field;
}

/**
 * A date, or a date and a time, which the state holds as days since 1970.
 * @param {Field} field
 * @param {string} id
 * @param {(days: number) => void} give
 * @param {() => void} end
 */
function dateField(field, id, give, end) {
  const type = timed(field) ? "datetime-local" : "date";
  const element = h("input", {
    id,
    type,
    oninput: () => {
      if (Number.isFinite(element.valueAsNumber)) give(element.valueAsNumber / DAY);
      end();
    },
  });
  return element;
}

/** Whether a date's time of day matters to the network. @param {Field} field */
function timed({ cycles = [] }) {
  return cycles.includes(1);
}

/**
 * Show a number, but do not overwrite it while it is typed.
 * @param {HTMLInputElement} field
 * @param {number} value
 */
function show(field, value) {
  if (Object.is(field.valueAsNumber, value)) return;
  if (Number.isNaN(value)) field.value = "";
  else field.valueAsNumber = value;
}

/** Round off the digits that float32 and the offset add. @param {number} value */
function tidy(value) {
  return Number(value.toPrecision(7));
}
