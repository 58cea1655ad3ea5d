// A neuron in words and shares: what stage and detail both say.

import { number } from "../format.js";
import { layerName } from "../texts.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 */

/** What to call a neuron within its layer: its class, its column, else its number. @param {Page} page @param {NeuronLayer} layer @param {number} index */
export function neuronName({ network, facts }, layer, index) {
  if (layer.number === 0) return facts.columns[index] ?? String(index);
  return layer.last && layer.size > 1 ? network.label(index) : String(index);
}

/** The sentence of a neuron. @param {Page} page @param {Look} look @param {number} L @param {number} index */
export function neuronLabel(page, look, L, index) {
  const place = page.network.neuronLayers[L];
  const layer = layerName(page.t, place);
  const name = neuronName(page, place, index);
  const activation = number(look.network.activations(look.pass, L)[index]);
  const sums = look.network.sums(look.pass, L);
  if (!sums) return page.t("neuron.label.plain", { layer, name, activation });
  const bias = number(biasOf(look, L, index));
  return page.t("neuron.label", { layer, name, sum: number(sums[index]), bias, activation });
}

/** A neuron's bias; 0 where its layer has none. @param {Look} look @param {number} L @param {number} index */
export function biasOf(look, L, index) {
  return look.network.neuronLayers[L].affine?.arrays.b?.data[index] ?? 0;
}

/**
 * How bright each neuron of a layer is, -1 to 1: its activation, as a share of 1 or of the layer's largest.
 * @param {Look} look
 * @param {number} L
 */
export function lit(look, L) {
  const activations = look.network.activations(look.pass, L);
  const type = look.network.neuronLayers[L].activation?.type ?? "";
  const bounded = type === "Sigmoid" || type === "Softmax" || type === "Tanh";
  const largest = bounded
    ? 1
    : Math.max(
        1,
        activations.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
      );
  return { activations, shares: activations.map((value) => value / largest) };
}
