// A panel: the parameters counted, layer by layer.

import { h } from "../dom.js";
import { count } from "../format.js";
import { parameterCount } from "../network/network.js";
import { layerName } from "../texts.js";

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
export function parameters({ t, network }) {
  const rows = network.neuronLayers.slice(1).map((layer) => counted(network, layer));
  const anyOther = rows.some(({ other }) => other);
  const heads = [
    t("count.layer"),
    t("count.weights"),
    t("count.biases"),
    ...(anyOther ? [t("count.other")] : []),
    t("count.all"),
  ];
  const body = rows.map(({ layer, product, biases, other, all }) => {
    const cells = [product, count(biases), ...(anyOther ? [count(other)] : []), count(all)];
    const name = h("th", { scope: "row" }, layerName(t, layer));
    return h("tr", {}, name, ...cells.map((cell) => h("td", {}, cell)));
  });
  const sum = `${t("count.sum")}: ${rows.map(({ all }) => count(all)).join(" + ")} =`;
  const foot = h(
    "tr",
    {},
    h("th", { scope: "row", colspan: heads.length - 1 }, sum),
    h("td", { "data-testid": "parameter-count" }, count(network.parameterCount)),
  );
  const table = h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...body),
    h("tfoot", {}, foot),
  );
  const scroll = { class: "scroll", tabindex: 0, role: "region", "aria-label": t("count.title") };
  const element = h("div", {}, h("p", {}, t("count.text")), h("div", scroll, table));
  return { element, render() {} };
}

/**
 * Count the parameters of a neuron layer; `other` are those of layers such as BatchNorm.
 * @param {import("../network/network.js").Network} network
 * @param {import("../network/network.js").NeuronLayer} layer
 */
function counted(network, layer) {
  const own = network.layers.slice(layer.first, layer.stop);
  const all = own.reduce((sum, one) => sum + parameterCount(one), 0);
  const { W, b } = layer.affine?.arrays ?? {};
  const [weights, biases] = [W?.data.length ?? 0, b?.data.length ?? 0];
  const product = W ? `${count(W.shape[0])} × ${count(W.shape[1])} = ${count(weights)}` : "";
  return { layer, product, biases, other: all - weights - biases, all };
}
