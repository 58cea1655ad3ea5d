// The layers of core/, for one row in float64: both directions side by side, and no state of a pass
// in between.

import { ACTIVATIONS } from "./activations.js";
import { logSoftmax, sigmoid, softmax, softplus } from "./functions.js";
import {
  CategoryEmbedding,
  PeriodicEmbedding,
  Scale,
  SmoothClip,
  Standardize,
} from "./preparation.js";

/**
 * @typedef {{shape: number[], data: Float64Array}} Tensor
 *
 * @typedef {object} Layer
 * @property {string} type
 * @property {Record<string, any>} options
 * @property {Record<string, Tensor>} arrays
 * @property {boolean} [frozen]
 * @property {Layer[]} [layers] those within a skip (Residual, Concatenate) or within Members
 *
 * @typedef {Record<string, Float64Array>} Grads by the names of the layer's parameters; of a skip
 *   and of Members, "0.W", ...
 *
 * @typedef {object} Kind the arithmetic of one type of layer
 * @property {string[]} params names of the arrays that are trained
 * @property {(layer: Layer, x: Float64Array) => Float64Array} forward
 * @property {(layer: Layer, x: Float64Array, y: Float64Array, dy: Float64Array) => {dx:
 *   Float64Array, grads: Grads}} backward
 * @property {(layer: Layer, x: number, index: number) => number} [curve] of an activation: y = f(x),
 *   number by number; `index` is the column's
 * @property {(layer: Layer, x: number, y: number) => number} [slope] and its derivative f'(x)
 */

/** y = x W + b; dx = dy W^T, dW = x^T dy, db = dy. W is (D, H), row by row. @type {Kind} */
const Affine = {
  params: ["W", "b"],
  forward(layer, x) {
    const {
      shape: [D, H],
      data: W,
    } = layer.arrays.W;
    const y = new Float64Array(H);
    for (let d = 0; d < D; d++) {
      const value = x[d];
      if (value === 0) continue; // most pixels of a drawing are black
      for (let h = 0, at = d * H; h < H; h++, at++) y[h] += value * W[at];
    }
    const b = layer.arrays.b?.data;
    if (b) for (let h = 0; h < H; h++) y[h] += b[h];
    return y;
  },
  backward(layer, x, y, dy) {
    const {
      shape: [D, H],
      data: W,
    } = layer.arrays.W;
    const dx = new Float64Array(D);
    const dW = new Float64Array(D * H);
    for (let d = 0; d < D; d++) {
      let sum = 0;
      for (let h = 0, at = d * H; h < H; h++, at++) {
        sum += dy[h] * W[at];
        dW[at] = x[d] * dy[h];
      }
      dx[d] = sum;
    }
    /** @type {Grads} */
    const grads = { W: dW };
    if (layer.arrays.b) grads.b = dy.slice();
    return { dx, grads };
  },
};

/** Prediction normalizes by the running mean and variance. @type {Kind} */
const BatchNorm = {
  params: ["gamma", "beta"],
  forward(layer, x) {
    const { gamma, beta } = layer.arrays;
    return batchNormalized(layer, x).map((value, i) => value * gamma.data[i] + beta.data[i]);
  },
  backward(layer, x, y, dy) {
    const x_hat = batchNormalized(layer, x);
    const dx = dy.map((value, i) => (value * layer.arrays.gamma.data[i]) / batchStd(layer, i));
    return { dx, grads: { gamma: dy.map((value, i) => value * x_hat[i]), beta: dy.slice() } };
  },
};

/** @param {Layer} layer @param {Float64Array} x */
function batchNormalized(layer, x) {
  const mean = layer.arrays.running_mean.data;
  return x.map((value, i) => (value - mean[i]) / batchStd(layer, i));
}

/** @param {Layer} layer @param {number} i */
function batchStd(layer, i) {
  return Math.sqrt(layer.arrays.running_variance.data[i] + layer.options.epsilon);
}

/** Normalizes by the row's own mean and variance. @type {Kind} */
const LayerNorm = {
  params: ["gamma", "beta"],
  forward(layer, x) {
    const { gamma, beta } = layer.arrays;
    return rowNormalized(layer, x).x_hat.map((value, i) => value * gamma.data[i] + beta.data[i]);
  },
  backward(layer, x, y, dy) {
    const { x_hat, std } = rowNormalized(layer, x);
    const dx_hat = dy.map((value, i) => value * layer.arrays.gamma.data[i]);
    const middle = mean(dx_hat);
    const slope = mean(dx_hat.map((value, i) => value * x_hat[i]));
    const dx = dx_hat.map((value, i) => (value - middle - x_hat[i] * slope) / std);
    return { dx, grads: { gamma: dy.map((value, i) => value * x_hat[i]), beta: dy.slice() } };
  },
};

/** @param {Layer} layer @param {Float64Array} x */
function rowNormalized(layer, x) {
  const middle = mean(x);
  const std = Math.sqrt(mean(x.map((value) => (value - middle) ** 2)) + layer.options.epsilon);
  return { x_hat: x.map((value) => (value - middle) / std), std };
}

/** @param {Float64Array} x */
function mean(x) {
  return x.reduce((a, b) => a + b, 0) / x.length;
}

/**
 * Return the ways of a skip: the layers, and the projection, which are the last within; with no
 * such layers x goes past the others.
 * @param {Layer} layer
 * @returns {[Layer[], Layer[]]}
 */
export function waysOf({ layers = [], options }) {
  const own = layers.length - (options.projection ?? 0);
  return [layers.slice(0, own), layers.slice(own)];
}

/**
 * Return a skip: its two results are joined, and dy is split into the parts of the projection, of H
 * numbers, and of the layers.
 * @param {(side: Float64Array, own: Float64Array) => Float64Array} join
 * @param {(dy: Float64Array, H: number) => Float64Array[]} split
 * @returns {Kind}
 */
function skip(join, split) {
  return {
    params: [],
    forward(layer, x) {
      const [own, side] = waysOf(layer).map((layers) => forward(layers, x).at(-1) ?? x);
      return join(side, own);
    },
    backward(layer, x, y, dy) {
      const [layers, projection] = waysOf(layer);
      const [own, side] = [forward(layers, x), forward(projection, x)];
      const [sideDy, ownDy] = split(dy, side.at(-1)?.length ?? x.length);
      return joined([backward(layers, x, own, ownDy), backward(projection, x, side, sideDy)]);
    },
  };
}

/**
 * Return the gradients of chains that begin at the same x: the sum of dx, and grads by the layer's
 * place among all.
 * @param {{dx: Float64Array, grads: Grads[]}[]} found
 */
function joined(found) {
  /** @type {Grads} */
  const named = {};
  found
    .flatMap(({ grads }) => grads)
    .forEach((own, index) => {
      for (const [name, grad] of Object.entries(own)) named[`${index}.${name}`] = grad;
    });
  return { dx: total(found.map(({ dx }) => dx)), grads: named };
}

/** Return the sum of rows, number by number. @param {Float64Array[]} rows */
function total(rows) {
  return rows.reduce((sum, row) => sum.map((value, i) => value + row[i]));
}

/** y = x + f(x), or p(x) + f(x). */
const Residual = skip(
  (side, own) => side.map((value, i) => value + own[i]),
  (dy) => [dy, dy],
);

/** y = [x, f(x)], or [p(x), f(x)]. */
const Concatenate = skip(
  (side, own) => Float64Array.of(...side, ...own),
  (dy, H) => [dy.subarray(0, H), dy.subarray(H)],
);

/** Return the layers of each member. @param {Layer} layer @returns {Layer[][]} */
export function membersOf({ layers = [], options: { count } }) {
  const size = layers.length / count;
  return Array.from({ length: count }, (_, m) => layers.slice(m * size, (m + 1) * size));
}

/**
 * Return the layers of the network that one member is by itself; all, where there are no members.
 * @param {Layer[]} layers
 * @param {number} member
 */
export function alone(layers, member) {
  return layers.flatMap((layer) => (layer.type === "Members" ? membersOf(layer)[member] : layer));
}

/**
 * The logarithms of each member's shares, by how the members are joined: y = log mean exp of the
 * first, less that of the second where there is one.
 * @type {Record<string, ((z: Float64Array) => Float64Array)[]>}
 */
const LOGS = {
  probabilities: [logSoftmax],
  sigmoids: [(z) => z.map((value) => -softplus(-value)), (z) => z.map((value) => -softplus(value))],
};

/** The mean of the members' predictions (core/members.py). @type {Kind} */
const Members = {
  params: [],
  forward(layer, x) {
    const rows = membersOf(layer).map((own) => forward(own, x).at(-1) ?? x);
    const M = rows.length;
    if (layer.options.join === "values") return total(rows).map((value) => value / M);
    const [yes, no] = LOGS[layer.options.join].map((log) => logMean(rows.map(log)));
    return no ? yes.map((value, i) => value - no[i]) : yes;
  },
  backward(layer, x, y, dy) {
    const members = membersOf(layer);
    const traces = members.map((own) => forward(own, x));
    const parts = split(
      layer.options.join,
      traces.map((trace) => trace.at(-1) ?? x),
      dy,
    );
    return joined(members.map((own, m) => backward(own, x, traces[m], parts[m])));
  },
};

/**
 * Return the logarithm of the mean of what the rows are the logarithms of.
 * @param {Float64Array[]} rows
 */
function logMean(rows) {
  return rows[0].map((_, i) => {
    const most = rows.reduce((a, row) => Math.max(a, row[i]), -Infinity);
    const sum = rows.reduce((a, row) => a + Math.exp(row[i] - most), 0);
    return most + Math.log(sum / rows.length);
  });
}

/**
 * Return the gradients by the outputs z of the members.
 * @param {string} join
 * @param {Float64Array[]} z
 * @param {Float64Array} dy
 */
function split(join, z, dy) {
  if (join === "values") return z.map(() => dy.map((value) => value / z.length));
  const shares = LOGS[join].map((log) => {
    const logs = z.map(log);
    const mean = logMean(logs);
    return logs.map((own) => own.map((value, i) => Math.exp(value - mean[i]) / z.length));
  });
  return z.map((own, m) => {
    const [yes, no] = shares.map((each) => each[m]);
    if (no) {
      const p = own.map(sigmoid);
      return dy.map((value, i) => value * (yes[i] * (1 - p[i]) + no[i] * p[i]));
    }
    const given = dy.map((value, i) => value * yes[i]);
    const sum = given.reduce((a, b) => a + b, 0);
    const p = softmax(own);
    return given.map((value, i) => value - p[i] * sum);
  });
}

/** Flatten and Dropout do nothing in prediction. @type {Kind} */
const Unchanged = {
  params: [],
  forward: (layer, x) => x,
  backward: (layer, x, y, dy) => ({ dx: dy, grads: {} }),
};

/** @type {Record<string, Kind>} */
export const LAYERS = {
  ...ACTIVATIONS,
  Affine,
  BatchNorm,
  CategoryEmbedding,
  Concatenate,
  Dropout: Unchanged,
  Flatten: Unchanged,
  LayerNorm,
  Members,
  PeriodicEmbedding,
  Residual,
  Scale,
  SmoothClip,
  Standardize,
};

/**
 * Pass x through the layers, and return every layer's output: the trace.
 * @param {Layer[]} layers
 * @param {Float64Array} x
 * @returns {Float64Array[]}
 */
export function forward(layers, x) {
  const trace = [];
  for (const layer of layers) trace.push((x = LAYERS[layer.type].forward(layer, x)));
  return trace;
}

/**
 * Compute the gradients from a trace, from its end on.
 * @param {Layer[]} layers those that made the trace, or the first of them (see losses.js)
 * @param {Float64Array} x
 * @param {Float64Array[]} trace
 * @param {Float64Array} dy gradient of the loss by the output of the last of `layers`
 * @returns {{dx: Float64Array, grads: Grads[], dys: Float64Array[]}} gradients by the input, by
 *   each layer's parameters, and by each layer's output
 */
export function backward(layers, x, trace, dy) {
  /** @type {Grads[]} */
  const grads = [];
  /** @type {Float64Array[]} */
  const dys = [];
  let dx = dy;
  for (let index = layers.length - 1; index >= 0; index--) {
    dys[index] = dx;
    const layer = layers[index];
    const found = LAYERS[layer.type].backward(
      layer,
      index ? trace[index - 1] : x,
      trace[index],
      dx,
    );
    dx = found.dx;
    grads[index] = found.grads;
  }
  return { dx, grads, dys };
}
