// The layers of core/, for one row in float64: both directions side by side, and no state of a pass
// in between.

import { ACTIVATIONS } from "./activations.js";

/**
 * @typedef {{shape: number[], data: Float64Array}} Tensor
 *
 * @typedef {object} Layer
 * @property {string} type
 * @property {Record<string, any>} options
 * @property {Record<string, Tensor>} arrays
 * @property {boolean} [frozen]
 * @property {Layer[]} [layers] those within a skip (Residual, Concatenate)
 *
 * @typedef {Record<string, Float64Array>} Grads by the names of the layer's parameters; of a skip,
 *   "0.W", ...
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

/** @type {Kind} */
const Scale = {
  params: [],
  forward: (layer, x) => x.map((value) => value * layer.options.factor),
  backward: (layer, x, y, dy) => ({
    dx: dy.map((value) => value * layer.options.factor),
    grads: {},
  }),
};

/** y = (x - mean) / standard deviation. @type {Kind} */
const Standardize = {
  params: [],
  forward(layer, x) {
    const [mean, std] = [layer.arrays.mean.data, layer.arrays.std.data];
    return x.map((value, i) => (value - mean[i]) / std[i]);
  },
  backward(layer, x, y, dy) {
    const std = layer.arrays.std.data;
    return { dx: dy.map((value, i) => value / std[i]), grads: {} };
  },
};

/**
 * y = x / sqrt(1 + (x / limit)^2), which limits outliers. It prepares inputs and is not an
 * activation.
 * @type {Kind}
 */
const SmoothClip = {
  params: [],
  forward: (layer, x) => x.map((value) => value / Math.hypot(1, value / layer.options.limit)),
  backward: (layer, x, y, dy) => ({
    dx: dy.map((value, i) => value / Math.hypot(1, x[i] / layer.options.limit) ** 3),
    grads: {},
  }),
};

/**
 * The columns of x that hold numbers, then the K numbers of each index: a row of W, (V, K), in
 * which column d has sizes[d] rows. What is no index counts as 0.
 * @type {Kind}
 */
const CategoryEmbedding = {
  params: ["W"],
  forward(layer, x) {
    const { W, sizes } = layer.arrays;
    const K = W.shape[1];
    const numbers = rowsOf(layer, x).flatMap((row) => [...W.data.subarray(row * K, (row + 1) * K)]);
    return Float64Array.from([...x.filter((_, d) => !sizes.data[d]), ...numbers]);
  },
  backward(layer, x, y, dy) {
    const { W, sizes } = layer.arrays;
    const K = W.shape[1];
    const dx = new Float64Array(x.length);
    let next = 0;
    for (const d of x.keys()) if (!sizes.data[d]) dx[d] = dy[next++];
    const dW = new Float64Array(W.data.length);
    for (const row of rowsOf(layer, x)) for (let k = 0; k < K; k++) dW[row * K + k] += dy[next++];
    return { dx, grads: { W: dW } };
  },
};

/**
 * Return what each input of a CategoryEmbedding has, given what its outputs have: an index has the
 * sum over its K numbers.
 * @param {Layer} layer
 * @param {Float64Array} values
 */
export function byInput({ arrays: { W, sizes } }, values) {
  const K = W.shape[1];
  let [own, learned] = [0, sizes.data.filter((size) => !size).length];
  return Float64Array.from(sizes.data, (size) => {
    if (!size) return values[own++];
    return values.subarray(learned, (learned += K)).reduce((sum, value) => sum + value, 0);
  });
}

/** The row of W of each index in x. @param {Layer} layer @param {Float64Array} x */
function rowsOf(layer, x) {
  /** @type {number[]} */
  const rows = [];
  let begin = 0;
  layer.arrays.sizes.data.forEach((size, d) => {
    if (size) rows.push(begin + (x[d] >= 0 && x[d] < size ? Math.floor(x[d]) : 0));
    begin += size;
  });
  return rows;
}

/**
 * y = x, followed for each embedded column e: cos(2 pi (x_e f + phase)) W + b. W is (E, F, K).
 * @type {Kind}
 */
const PeriodicEmbedding = {
  params: ["frequency", "phase", "W", "b"],
  forward(layer, x) {
    const { W, b } = layer.arrays;
    const [, F, K] = W.shape;
    const y = new Float64Array(x.length + b.data.length);
    y.set(x);
    columnsOf(layer).forEach((d, e) => {
      for (let k = 0; k < K; k++) {
        let sum = b.data[e * K + k];
        for (let f = 0; f < F; f++)
          sum += Math.cos(angle(layer, x[d], e * F + f)) * W.data[(e * F + f) * K + k];
        y[x.length + e * K + k] = sum;
      }
    });
    return y;
  },
  backward(layer, x, y, dy) {
    const { frequency, W } = layer.arrays;
    const [, F, K] = W.shape;
    const [df, dphase, dW] = [frequency, frequency, W].map(
      (array) => new Float64Array(array.data.length),
    );
    const dx = dy.slice(0, x.length);
    const de = dy.subarray(x.length);
    columnsOf(layer).forEach((d, e) => {
      for (let f = e * F; f < (e + 1) * F; f++) {
        const turned = angle(layer, x[d], f);
        let sum = 0;
        for (let k = 0; k < K; k++) {
          dW[f * K + k] = Math.cos(turned) * de[e * K + k];
          sum += de[e * K + k] * W.data[f * K + k];
        }
        const dz = -2 * Math.PI * Math.sin(turned) * sum;
        df[f] = dz * x[d];
        dphase[f] = dz;
        dx[d] += dz * frequency.data[f];
      }
    });
    return { dx, grads: { frequency: df, phase: dphase, W: dW, b: de.slice() } };
  },
};

/** The columns that are embedded. @param {Layer} layer */
function columnsOf(layer) {
  return Array.from(layer.arrays.embedded.data.keys()).filter(
    (d) => layer.arrays.embedded.data[d] === 1,
  );
}

/** @param {Layer} layer @param {number} x @param {number} f */
function angle(layer, x, f) {
  return 2 * Math.PI * (x * layer.arrays.frequency.data[f] + layer.arrays.phase.data[f]);
}

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
      const found = [backward(layers, x, own, ownDy), backward(projection, x, side, sideDy)];
      /** @type {Grads} */
      const named = {};
      found
        .flatMap(({ grads }) => grads)
        .forEach((own, index) => {
          for (const [name, grad] of Object.entries(own)) named[`${index}.${name}`] = grad;
        });
      return { dx: found[0].dx.map((value, i) => value + found[1].dx[i]), grads: named };
    },
  };
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
