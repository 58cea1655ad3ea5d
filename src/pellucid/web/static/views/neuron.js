// A neuron in words and numbers, for the stage and the detail.

import { number } from "../format.js";
import { isOff } from "../network/edits.js";
import { concealed } from "../state.js";
import { layerName } from "../texts.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 * @typedef {import("../state.js").Neuron} Neuron
 */

/**
 * Return the name of a neuron within its layer: its class, its column, else its number.
 * @param {Page} page
 * @param {NeuronLayer} layer
 * @param {number} index
 */
export function neuronName({ network, facts }, layer, index) {
  if (layer.number === 0) {
    // An embedding may be within each member: in front of all of them are the inputs themselves
    const names = network.members.length ? facts.columns : facts.prepared;
    return names[index] ?? String(index);
  }
  if (!layer.last) return String(index);
  return layer.size > 1 ? network.label(index) : network.classifies ? "0" : facts.target || "0";
}

/**
 * Return a neuron's sentence for screen readers.
 * @param {Page} page
 * @param {Look} look
 * @param {number} L
 * @param {number} index
 */
export function neuronLabel(page, look, L, index) {
  const place = page.network.neuronLayers[L];
  const layer = layerName(page.t, place);
  const name = neuronName(page, place, index);
  if (place.last && concealed(look.state)) return page.t("neuron.label.hidden", { layer, name });
  if (isOff(look.state.edits, { layer: L, index }))
    return page.t("neuron.label.off", { layer, name });
  let activation = number(look.network.activations(look.pass, L)[index]);
  if (look.original && changedMuch(look, L, index)) {
    const before = number(look.network.activations(look.original, L)[index]);
    activation = page.t("effect.was", { activation, before });
  }
  const sums = look.network.sums(look.pass, L);
  if (!sums) return page.t("neuron.label.plain", { layer, name, activation });
  const bias = number(biasOf(look, L, index));
  return page.t("neuron.label", { layer, name, sum: number(sums[index]), bias, activation });
}

/**
 * Return a neuron's bias; 0 where its layer has none.
 * @param {Look} look
 * @param {number} L
 * @param {number} index
 */
export function biasOf(look, L, index) {
  return look.network.neuronLayers[L].affine?.arrays.b?.data[index] ?? 0;
}

/**
 * Return the weights of a neuron, the activations before it, their products and the sum of these.
 * @param {Look} look
 * @param {Neuron} neuron
 */
export function terms(look, { layer, index }) {
  const affine = /** @type {import("../network/layers.js").Layer} */ (
    look.network.neuronLayers[layer].affine
  );
  const {
    shape: [D, H],
    data,
  } = affine.arrays.W;
  const before = look.network.activations(look.pass, layer - 1);
  const weights = Float64Array.from({ length: D }, (_, d) => data[d * H + index]);
  const products = weights.map((weight, d) => weight * before[d]);
  return { before, weights, products, total: products.reduce((a, b) => a + b, 0) };
}

/**
 * Return how bright each neuron of a layer is, -1 to 1: its activation as a share of 1 or of the
 * layer's largest.
 * @param {Look} look
 * @param {number} L
 */
export function brightnessOf(look, L) {
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

/**
 * Whether the edits change a neuron's activation visibly.
 * @param {Look} look
 * @param {number} L
 * @param {number} index
 */
export function changedMuch({ network, pass, original }, L, index) {
  if (!original) return false;
  return (
    Math.abs(network.activations(pass, L)[index] - network.activations(original, L)[index]) > 0.01
  );
}
