// The activations of core/, for one row in float64: value and derivative side by side. Softmax and
// LogSoftmax are functions of the whole row.

import {
  geluArgument,
  geluSlope,
  logSoftmax,
  mishShare,
  normalCumulative,
  normalDensity,
  sigmoid,
  softmax,
  softplus,
} from "./functions.js";

/**
 * @typedef {import("./layers.js").Layer} Layer
 *
 * @typedef {import("./layers.js").Kind} Kind
 */

/**
 * Return an elementwise layer: y = f(x), dx = dy f'(x).
 * @param {(x: number, layer: Layer) => number} curve
 * @param {(x: number, y: number, layer: Layer) => number} derivative
 * @returns {Kind}
 */
function activation(curve, derivative) {
  return {
    params: [],
    forward: (layer, x) => x.map((value) => curve(value, layer)),
    backward: (layer, x, y, dy) => ({
      dx: dy.map((value, i) => value * derivative(x[i], y[i], layer)),
      grads: {},
    }),
    curve: (layer, x) => curve(x, layer),
    slope: (layer, x, y) => derivative(x, y, layer),
  };
}

const GELU = activation(
  (x, layer) =>
    layer.options.approximate === "tanh"
      ? 0.5 * x * (1 + Math.tanh(geluArgument(x)))
      : x * normalCumulative(x),
  (x, y, layer) => {
    if (layer.options.approximate !== "tanh") return normalCumulative(x) + x * normalDensity(x);
    const u = Math.tanh(geluArgument(x));
    const near = Math.min(Math.max(x, -100), 100);
    return 0.5 * (1 + u) + 0.5 * near * (1 - u * u) * geluSlope(near);
  },
);

/** y = exp(x) / sum exp(x); dx = y (dy - sum of dy y). @type {Kind} */
const Softmax = {
  params: [],
  forward: (layer, x) => softmax(x),
  backward(layer, x, y, dy) {
    const sum = y.reduce((total, value, i) => total + value * dy[i], 0);
    return { dx: y.map((value, i) => value * (dy[i] - sum)), grads: {} };
  },
};

/** y = x - log sum exp(x); dx = dy - exp(y) sum(dy). @type {Kind} */
const LogSoftmax = {
  params: [],
  forward: (layer, x) => logSoftmax(x),
  backward(layer, x, y, dy) {
    const sum = dy.reduce((total, value) => total + value, 0);
    return { dx: dy.map((value, i) => value - Math.exp(y[i]) * sum), grads: {} };
  },
};

/**
 * Return y = scale x where x > 0, else scale alpha (exp(x) - 1).
 * @param {(layer: Layer) => number} alphaOf
 * @param {number} scale
 */
function elu(alphaOf, scale) {
  return activation(
    (x, layer) => scale * (x > 0 ? x : alphaOf(layer) * Math.expm1(x)),
    (x, y, layer) => scale * (x > 0 ? 1 : alphaOf(layer) * Math.exp(x)),
  );
}

/** y = x where x > 0, else slope x: one slope, or one for each column. @type {Kind} */
const PReLU = {
  params: ["slope"],
  forward: (layer, x) => x.map((value, i) => (value > 0 ? value : slopeOf(layer, i) * value)),
  backward(layer, x, y, dy) {
    const slope = new Float64Array(layer.arrays.slope.data.length);
    x.forEach((value, i) => {
      if (!(value > 0)) slope[slope.length === 1 ? 0 : i] += dy[i] * value;
    });
    const dx = dy.map((value, i) => value * (x[i] > 0 ? 1 : slopeOf(layer, i)));
    return { dx, grads: { slope } };
  },
  curve: (layer, x, index) => (x > 0 ? x : slopeOf(layer, index) * x),
};

/** @param {Layer} layer @param {number} i */
function slopeOf(layer, i) {
  const { data } = layer.arrays.slope;
  return data[data.length === 1 ? 0 : i];
}

/** @type {Record<string, Kind>} */
export const ACTIVATIONS = {
  ELU: elu((layer) => layer.options.alpha, 1),
  Exponential: activation(Math.exp, (x, y) => y),
  GELU,
  Hardswish: activation(
    (x) => x * (Math.min(Math.max(x + 3, 0), 6) / 6),
    (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
  ),
  Identity: activation(
    (x) => x,
    () => 1,
  ),
  LeakyReLU: activation(
    (x, layer) => (x > 0 ? x : layer.options.slope * x),
    (x, y, layer) => (x > 0 ? 1 : layer.options.slope),
  ),
  LogSoftmax,
  Mish: activation(
    (x) => x * mishShare(x),
    (x) => mishShare(x) + x * (1 - mishShare(x) ** 2) * sigmoid(x),
  ),
  PReLU,
  ReLU: activation(
    (x) => Math.max(x, 0),
    (x) => (x > 0 ? 1 : 0),
  ),
  SELU: elu(() => 1.6732632423543772, 1.0507009873554805),
  Sigmoid: activation(sigmoid, (x, y) => y * (1 - y)),
  SiLU: activation(
    (x) => x * sigmoid(x),
    (x, y) => sigmoid(x) + y * (1 - sigmoid(x)),
  ),
  Softmax,
  Softplus: activation(softplus, (x) => sigmoid(x)),
  Tanh: activation(Math.tanh, (x, y) => 1 - y * y),
};
