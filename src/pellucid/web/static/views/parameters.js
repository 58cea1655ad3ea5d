// A panel: the parameters counted, layer by layer.

import { h } from "../dom.js";
import { count } from "../format.js";
import { parameterCount } from "../network/network.js";
import { layerName } from "../texts.js";

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
export function parameters({ t, network }) {
  const rows = network.neuronLayers.slice(1).map((layer) => {
    const own = network.layers.slice(layer.first, layer.stop);
    const all = own.reduce((sum, one) => sum + parameterCount(one), 0);
    const [W, b] = [layer.affine?.arrays.W, layer.affine?.arrays.b];
    const [weights, biases] = [W ? W.data.length : 0, b ? b.data.length : 0];
    const product = W ? `${count(W.shape[0])} × ${count(W.shape[1])} = ${count(weights)}` : "";
    return {
      cells: [
        layerName(t, layer),
        product,
        count(biases),
        count(all - weights - biases),
        count(all),
      ],
      other: all - weights - biases,
    };
  });
  const other = rows.some((row) => row.other);
  const shown = (/** @type {string[]} */ cells) =>
    other ? cells : cells.filter((_, i) => i !== 3);
  const heads = shown([
    t("count.layer"),
    t("count.weights"),
    t("count.biases"),
    t("count.other"),
    t("count.all"),
  ]);
  const total = network.neuronLayers
    .slice(1)
    .map((layer) =>
      network.layers
        .slice(layer.first, layer.stop)
        .reduce((sum, one) => sum + parameterCount(one), 0),
    );
  const element = h(
    "div",
    {},
    h("p", {}, t("count.text")),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": t("count.title") },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
        h(
          "tbody",
          {},
          ...rows.map(({ cells }) =>
            h(
              "tr",
              {},
              ...shown(cells).map((cell, i) =>
                i ? h("td", {}, cell) : h("th", { scope: "row" }, cell),
              ),
            ),
          ),
        ),
        h(
          "tfoot",
          {},
          h(
            "tr",
            {},
            h(
              "th",
              { scope: "row", colspan: heads.length - 1 },
              `${t("count.sum")}: ${total.map(count).join(" + ")} =`,
            ),
            h("td", { "data-testid": "parameter-count" }, count(network.parameterCount)),
          ),
        ),
      ),
    ),
  );
  return { element, render() {} };
}
