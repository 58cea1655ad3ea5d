// Backpropagation of one row, neuron by neuron, and the same gradient by a central difference.

import { forward } from "./layers.js";
import { LOSSES, lossOf, oneHot } from "./losses.js";

/**
 * @typedef {import("./network.js").Network} Network
 * @typedef {import("./network.js").Pass} Pass
 *
 * @typedef {object} Slopes gradients of the loss by the neurons of one layer
 * @property {Float64Array} sums by their weighted sums
 * @property {Float64Array | null} activations by their activations; null where the loss is taken of
 *   the sums, as of outputs
 *
 * @typedef {{loss: number, layers: Slopes[], grads: import("./layers.js").Grads[]}} Gradients
 *   `layers` by neuron layer; that of the input is left empty
 */

/** Return the name of the loss that trains a classifier. @param {Network} network */
function lossName({ layers }) {
  const last = layers[layers.length - 1].type;
  return last === "Sigmoid" ? lossOf(last) : "cross_entropy";
}

/** Return the label as a target. @param {Network} network @param {number} label */
function targetOf({ neuronLayers }, label) {
  return neuronLayers[neuronLayers.length - 1].size === 1 ? [label] : label;
}

/**
 * Return the loss of a pass and its gradients.
 * @param {Network} network
 * @param {Pass} pass
 * @param {number} label
 * @returns {Gradients}
 */
export function backpropagated(network, pass, label) {
  const { loss, grads, dys } = network.backward(pass, targetOf(network, label), lossName(network));
  const layers = network.neuronLayers.map(({ number, first, stop, activation }) => ({
    sums: number ? dys[first] : new Float64Array(0),
    activations: (number && activation && dys[stop - 1]) || null,
  }));
  return { loss, layers, grads };
}

/**
 * Return the gradient with its sign turned: the direction in which the loss falls.
 * @param {Slopes} slopes
 */
export function descent({ sums, activations }) {
  return (activations ?? sums).map((value) => (value ? -value : 0));
}

/**
 * Return the gradients of the loss by the weights and the bias of a neuron.
 * @param {Network} network
 * @param {Gradients} found
 * @param {number} L
 * @param {number} neuron
 */
export function weightGradients(network, { grads }, L, neuron) {
  const { first, size } = network.neuronLayers[L];
  const { W, b } = grads[first];
  return {
    W: Float64Array.from({ length: W.length / size }, (_, d) => W[d * size + neuron]),
    b: b?.[neuron] ?? null,
  };
}

// near the cube root of float64's rounding, where the error of a central difference is least
const STEP = 1e-5;

/**
 * Return the gradient of the loss by one weight as a difference: (loss(w + h) - loss(w - h)) / 2h.
 * @param {Network} network
 * @param {Pass} pass
 * @param {number} label
 * @param {{layer: number, from: number, neuron: number}} place
 */
export function centralDifference(network, pass, label, { layer, from, neuron }) {
  const place = network.neuronLayers[layer];
  const { W, ...others } = /** @type {import("./layers.js").Layer} */ (place.affine).arrays;
  const loss = LOSSES[lossName(network)];
  const target = targetOf(network, label);
  const t = typeof target === "number" ? oneHot(target, pass.y.length) : target;
  const layers = network.layers.slice(); // up to what the loss is taken of, with weights of its own
  if (loss.ends.includes(layers[layers.length - 1].type)) layers.pop();
  const data = W.data.slice();
  layers[place.first] = { ...layers[place.first], arrays: { W: { ...W, data }, ...others } };
  const at = from * W.shape[1] + neuron;
  const x = place.first ? pass.trace[place.first - 1] : pass.x;
  const [above, below] = [STEP, -STEP].map((step) => {
    data[at] = W.data[at] + step;
    return loss.value(
      /** @type {Float64Array} */ (forward(layers.slice(place.first), x).at(-1)),
      t,
    );
  });
  return (above - below) / (2 * STEP);
}
