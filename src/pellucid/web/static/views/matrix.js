// A panel: the layers as matrices, and several pictures, a mini-batch, at once.

import { h, set, setText } from "../dom.js";
import { short } from "../format.js";
import { layerName } from "../texts.js";

const [MOST, USUAL] = [10, 3]; // pictures

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../network/network.js").Network} Network
 */

/** @param {Page} page @returns {import("../page.js").View} */
export function matrix(page) {
  const { t, digits, store } = page;
  const size = h("input", {
    id: "batch",
    type: "range",
    min: 1,
    max: MOST,
    value: Number(store.state.choices.pictures) || USUAL,
    oninput: () => {
      page.choose("pictures", size.valueAsNumber === USUAL ? null : size.value);
      draw(page.network);
    },
  });
  const count = h("output", { for: "batch", class: "value" });
  const shapes = h("div", { "data-testid": "shapes" });
  const results = h("table", { "data-testid": "batch" });
  const draw = (/** @type {Network} */ network) => {
    const N = size.valueAsNumber;
    setText(count, `N = ${N}`);
    shapes.replaceChildren(...products(page, network, N));
    results.replaceChildren(...resultRows(page, network, N));
  };
  const element = h(
    "div",
    { class: "matrix" },
    h("p", {}, t("matrix.text")),
    h("p", { class: "formula" }, "y = σ(x W + b)"),
    h("div", { class: "setting" }, h("label", { for: "batch" }, t("matrix.size")), size, count),
    scroll(t("matrix.shapes"), shapes),
    h("h3", {}, t("matrix.results")),
    scroll(t("matrix.results"), results),
  );
  return {
    element,
    render(look, before) {
      if (before && look.network === before.network && look.state.input === before.state.input)
        return;
      set(size, { max: Math.min(MOST, digits.length) });
      draw(look.network);
    },
  };
}

/** A region that scrolls sideways. @param {string} label @param {HTMLElement} table */
function scroll(label, table) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);
}

/**
 * Each layer's product, x W + b = y, as blocks whose sides grow with the logarithm of rows and
 * columns.
 * @param {Page} page
 * @param {Network} network
 * @param {number} N pictures
 */
function products({ t }, { neuronLayers: layers }, N) {
  return layers.slice(1).flatMap((layer, i) => {
    if (!layer.affine) return [];
    const [D, H] = [layers[i].size, layer.size];
    const bias = layer.affine.arrays.b ? ["+", block("b", 1, H, `(${H},)`)] : [];
    const parts = [block("x", N, D), "·", block("W", D, H), ...bias, "→", block("y", N, H)];
    return [h("div", { class: "shapes" }, h("p", {}, layerName(t, layer)), ...parts)];
  });
}

/**
 * A matrix as a block.
 * @param {string} name
 * @param {number} rows
 * @param {number} columns
 * @param {string} [shape]
 */
function block(name, rows, columns, shape = `(${rows}, ${columns})`) {
  const drawn = h("span", {}, name);
  drawn.style.width = `${side(columns)}px`;
  drawn.style.height = `${side(rows)}px`;
  return h("div", { class: "block" }, drawn, shape);
}

/** @param {number} count */
function side(count) {
  return Math.round(20 + 8 * Math.log2(count));
}

/**
 * The outputs of N test digits, from the shown one on.
 * @param {Page} page
 * @param {Network} network
 * @param {number} N
 */
function resultRows(page, network, N) {
  const { t, digits, store } = page;
  const { state } = store;
  const first = Math.max(
    0,
    digits.findIndex(({ index }) => index === state.input.source.index),
  );
  const rows = Array.from({ length: N }, (_, i) => {
    const { index, label, pixels } = digits[(first + i) % digits.length];
    const source = { kind: /** @type {const} */ ("test"), index, label };
    const { y } = page.peek({ ...state, input: { values: pixels, source } }).pass;
    const best = network.choose(y);
    const cells = Array.from(y, (value, k) =>
      h("td", { class: k === best ? "best" : null }, short(value)),
    );
    return h("tr", {}, h("th", { scope: "row" }, t("matrix.row", { index, label })), ...cells);
  });
  const { size } = network.neuronLayers[network.neuronLayers.length - 1];
  const heads = Array.from({ length: size }, (_, k) => h("th", { scope: "col" }, network.label(k)));
  return [
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("matrix.picture")), ...heads)),
    h("tbody", {}, ...rows),
  ];
}
