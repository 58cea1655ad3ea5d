// The layers of core/ that prepare inputs, for one row in float64: both directions side by side.

/**
 * @typedef {import("./layers.js").Layer} Layer
 *
 * @typedef {import("./layers.js").Kind} Kind
 */

/** @type {Kind} */
export const Scale = {
  params: [],
  forward: (layer, x) => x.map((value) => value * layer.options.factor),
  backward: (layer, x, y, dy) => ({
    dx: dy.map((value) => value * layer.options.factor),
    grads: {},
  }),
};

/** y = (x - mean) / standard deviation. @type {Kind} */
export const Standardize = {
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
export const SmoothClip = {
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
export const CategoryEmbedding = {
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
export const PeriodicEmbedding = {
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
