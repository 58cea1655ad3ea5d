// A panel: the layers as matrices, and several pictures, a mini-batch, at once.

import { h, say, set } from "../dom.js";
import { short } from "../format.js";
import { layerName } from "../texts.js";

const [MOST, USUAL] = [10, 3]; // pictures

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
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
  const told = h("output", { for: "batch", class: "value" });
  const shapes = h("tbody");
  const results = h("table", { "data-testid": "batch" });
  /** @param {import("../network/network.js").Network} network */
  function draw(network) {
    const N = size.valueAsNumber;
    const from = Math.max(
      0,
      digits.findIndex(({ index }) => index === store.state.input.source.index),
    );
    const batch = Array.from({ length: N }, (_, i) => digits[(from + i) % digits.length]);
    const layers = network.neuronLayers;
    say(told, `N = ${N}`);
    const cell = (/** @type {string} */ text) => h("td", {}, text);
    shapes.replaceChildren(
      ...layers.slice(1).flatMap((layer, i) => {
        const [D, H] = [layers[i].size, layer.size];
        const texts = [`(${N}, ${D})`, `(${D}, ${H})`, `(${H},)`, `(${N}, ${H})`];
        return layer.affine
          ? [h("tr", {}, h("th", { scope: "row" }, layerName(t, layer)), ...texts.map(cell))]
          : [];
      }),
    );
    const rows = batch.map(({ index, label, pixels }) => {
      const y = page.peek({
        ...store.state,
        input: { values: pixels, source: { kind: "test", index, label } },
      }).pass.y;
      const best = network.choose(y);
      const cells = Array.from(y, (value, k) =>
        h("td", { class: k === best ? "best" : null }, short(value)),
      );
      return h("tr", {}, h("th", { scope: "row" }, t("matrix.row", { index, label })), ...cells);
    });
    const heads = Array.from({ length: layers[layers.length - 1].size }, (_, k) =>
      h("th", { scope: "col" }, network.label(k)),
    );
    results.replaceChildren(
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("matrix.picture")), ...heads)),
      h("tbody", {}, ...rows),
    );
  }
  const head = ["layer", "x", "W", "b", "y"].map((name) =>
    h("th", { scope: "col" }, name === "layer" ? t("count.layer") : name),
  );
  const scroll = (/** @type {string} */ label, /** @type {HTMLElement} */ table) =>
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);
  const element = h(
    "div",
    { class: "matrix" },
    h("p", {}, t("matrix.text")),
    h("p", { class: "formula" }, "y = σ(x W + b)"),
    h("div", { class: "setting" }, h("label", { for: "batch" }, t("matrix.size")), size, told),
    scroll(t("matrix.shapes"), h("table", {}, h("thead", {}, h("tr", {}, ...head)), shapes)),
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
