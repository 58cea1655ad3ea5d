// The losses of core/losses.py for one row; those of classes take weighted sums (logits).

import { logSoftmax, sigmoid, softmax, softplus } from "./functions.js";

/**
 * @typedef {object} Loss
 * @property {string[]} ends the last layers that the loss includes, since only logits give it stably
 * @property {(z: Float64Array, t: ArrayLike<number>) => number} value
 * @property {(z: Float64Array, t: ArrayLike<number>) => Float64Array} gradient by z
 */

/** l = - sum_k t_k log softmax(z)_k; dz = softmax(z) sum(t) - t. @type {Loss} */
const crossEntropy = {
  ends: ["Softmax", "LogSoftmax"],
  value(z, t) {
    return -logSoftmax(z).reduce((sum, value, k) => sum + value * t[k], 0);
  },
  gradient(z, t) {
    const total = Array.from(t).reduce((a, b) => a + b, 0);
    return softmax(z).map((value, k) => value * total - t[k]);
  },
};

/** l = mean_k [softplus(z_k) - t_k z_k]; dz = (sigmoid(z) - t) / K. @type {Loss} */
const binaryCrossEntropy = {
  ends: ["Sigmoid"],
  value(z, t) {
    return z.reduce((sum, value, k) => sum + softplus(value) - t[k] * value, 0) / z.length;
  },
  gradient(z, t) {
    return z.map((value, k) => (sigmoid(value) - t[k]) / z.length);
  },
};

/** l = mean_k (y_k - t_k)^2; dy = 2 (y - t) / K. @type {Loss} */
const meanSquaredError = {
  ends: [],
  value(y, t) {
    return y.reduce((sum, value, k) => sum + (value - t[k]) ** 2, 0) / y.length;
  },
  gradient(y, t) {
    return y.map((value, k) => (2 * (value - t[k])) / y.length);
  },
};

/** @type {Record<string, Loss>} */
export const LOSSES = {
  cross_entropy: crossEntropy,
  binary_cross_entropy: binaryCrossEntropy,
  mean_squared_error: meanSquaredError,
};

/**
 * Return the name of the loss that trains a network whose last layer has this type.
 * @param {string | undefined} type
 */
export function lossOf(type) {
  const found = Object.entries(LOSSES).find(([, loss]) => loss.ends.includes(type ?? ""));
  return found ? found[0] : "mean_squared_error";
}

/** Return a row of zeros with a 1 at the class. @param {number} index @param {number} K */
export function oneHot(index, K) {
  const t = new Float64Array(K);
  t[index] = 1;
  return t;
}
