// Both directions for many rows at a time. The memory of a pass is kept for the next one, so that
// training and drawing allocate next to nothing; the arithmetic of rare layers is that of layers.js.

import { LAYERS } from "./layers.js";

/**
 * @typedef {import("./layers.js").Layer} Layer
 * @typedef {import("./layers.js").Tensor} Tensor
 */

/** Layers whose training pass differs from their prediction pass, which is the only one here. */
const OTHERS = ["BatchNorm", "Dropout", "Members"];

/**
 * Return the type of a layer that cannot be trained here; null where all can.
 * @param {Layer[]} layers
 * @returns {string | null}
 */
export function obstacle(layers) {
  const found = layers.map(({ type, layers: inner = [] }) =>
    OTHERS.includes(type) ? type : obstacle(inner),
  );
  return found.find(Boolean) ?? null;
}

/**
 * Return the arrays that are trained, in Python's order, with their layer's index and name.
 * @param {Layer[]} layers
 * @returns {{tensor: Tensor, layer: number, name: string}[]}
 */
export function parametersOf(layers) {
  return layers.flatMap((one, layer) => {
    if (one.frozen) return [];
    const own = LAYERS[one.type].params
      .filter((name) => one.arrays[name])
      .map((name) => ({ tensor: one.arrays[name], layer, name }));
    const inner = parametersOf(one.layers ?? []).map(({ tensor, layer: at, name }) => ({
      tensor,
      layer,
      name: `${at}.${name}`,
    }));
    return [...own, ...inner];
  });
}

export class Batches {
  /**
   * @param {Layer[]} layers
   * @param {number} D inputs
   */
  constructor(layers, D) {
    this.layers = layers;
    this.D = D;
    this.widths = widthsOf(layers, D);
    this.parameters = parametersOf(layers);
    this.grads = this.parameters.map(({ tensor }) => new Float64Array(tensor.data.length));
    /** @type {Map<string, Float64Array>} */
    this.gradOf = new Map(
      this.parameters.map(({ layer, name }, i) => [`${layer} ${name}`, this.grads[i]]),
    );
    // below this layer nothing is trained, so no gradient is needed
    this.first = this.parameters[0]?.layer ?? layers.length;
    this.room = 0;
    /** @type {Float64Array[]} the outputs of every layer, row by row */
    this.outputs = [];
    /** @type {Float64Array[]} gradients of the loss by them, made when they are first needed */
    this.slopes = [];
    /** @type {Float64Array} */
    this.x = new Float64Array(0);
  }

  /** The outputs of the last layer. */
  get y() {
    return this.outputs.at(-1) ?? this.x;
  }

  /** @param {number} index */
  inputOf(index) {
    return index ? this.outputs[index - 1] : this.x;
  }

  /** Make room for N rows. @param {number} N */
  reserve(N) {
    if (N <= this.room) return;
    this.room = N;
    this.outputs = this.layers.map((_, i) => new Float64Array(N * this.widths[i + 1]));
  }

  /**
   * Return the memory for gradients of the loss by a layer's outputs.
   * @param {number} at
   * @param {number} N
   */
  slopeOf(at, N) {
    const size = N * this.widths[at + 1];
    if (!(this.slopes[at]?.length >= size)) this.slopes[at] = new Float64Array(size);
    return this.slopes[at];
  }

  /**
   * Pass N rows through all layers.
   * @param {Float64Array} x row by row; kept until `backward`
   * @param {number} N
   */
  forward(x, N) {
    this.reserve(N);
    this.x = x;
    this.layers.forEach((layer, at) => {
      const [from, to] = [this.inputOf(at), this.outputs[at]];
      const [D, H] = [this.widths[at], this.widths[at + 1]];
      const { curve } = LAYERS[layer.type];
      if (layer.type === "Affine") affineForward(layer, from, to, N, D, H);
      else if (curve && !layer.arrays.slope)
        for (let i = 0; i < N * H; i++) to[i] = curve(layer, from[i], 0);
      else
        for (let row = 0; row < N; row++) {
          const x = from.subarray(row * D, (row + 1) * D);
          to.set(LAYERS[layer.type].forward(layer, x), row * H);
        }
    });
  }

  /**
   * Compute the gradients by all parameters, `grads`, after a `forward` of N rows and
   * with those by the outputs of layer `depth - 1` in its `slopeOf`.
   * @param {number} N
   * @param {number} depth
   */
  backward(N, depth) {
    for (const grad of this.grads) grad.fill(0);
    for (let at = depth - 1; at >= this.first; at--) {
      const layer = this.layers[at];
      const [x, y, dy] = [this.inputOf(at), this.outputs[at], this.slopeOf(at, N)];
      const dx = at > this.first ? this.slopeOf(at - 1, N) : null;
      const [D, H] = [this.widths[at], this.widths[at + 1]];
      const { slope } = LAYERS[layer.type];
      if (layer.type === "Affine") this.affineBackward(at, N, dx);
      else if (slope && !layer.arrays.slope) {
        if (dx) for (let i = 0; i < N * H; i++) dx[i] = dy[i] * slope(layer, x[i], y[i]);
      } else
        for (let row = 0; row < N; row++) {
          const [own, out] = [
            [row * D, (row + 1) * D],
            [row * H, (row + 1) * H],
          ];
          const found = LAYERS[layer.type].backward(
            layer,
            x.subarray(...own),
            y.subarray(...out),
            dy.subarray(...out),
          );
          dx?.set(found.dx, row * D);
          for (const [name, grad] of Object.entries(found.grads)) {
            const sum = this.gradOf.get(`${at} ${name}`);
            if (sum) grad.forEach((value, i) => (sum[i] += value));
          }
        }
    }
  }

  /** dx = dy W^T, dW = x^T dy, db = dy. @param {number} at @param {number} N @param {Float64Array | null} dx */
  affineBackward(at, N, dx) {
    const { W } = this.layers[at].arrays;
    const [D, H] = W.shape;
    const [x, dy] = [this.inputOf(at), this.slopes[at]];
    const [dW, db] = [this.gradOf.get(`${at} W`), this.gradOf.get(`${at} b`)];
    for (let row = 0; row < N; row++) {
      const start = row * H;
      if (db) for (let h = 0; h < H; h++) db[h] += dy[start + h];
      for (let d = 0, w = 0; d < D; d++) {
        const value = x[row * D + d];
        if (dW && value) for (let h = 0, i = w; h < H; h++, i++) dW[i] += value * dy[start + h];
        if (dx) {
          let sum = 0;
          for (let h = 0, i = w; h < H; h++, i++) sum += dy[start + h] * W.data[i];
          dx[row * D + d] = sum;
        }
        w += H;
      }
    }
  }
}

/**
 * @param {Layer} layer
 * @param {Float64Array} x
 * @param {Float64Array} y
 * @param {number} N
 * @param {number} D
 * @param {number} H
 */
function affineForward({ arrays: { W, b } }, x, y, N, D, H) {
  for (let row = 0; row < N; row++) {
    const start = row * H;
    for (let h = 0; h < H; h++) y[start + h] = 0;
    for (let d = 0, w = 0; d < D; d++, w += H) {
      const value = x[row * D + d];
      if (value === 0) continue; // most pixels of a digit are black
      for (let h = 0, i = w; h < H; h++, i++) y[start + h] += value * W.data[i];
    }
    if (b) for (let h = 0; h < H; h++) y[start + h] += b.data[h];
  }
}

/** Return the widths of input and of every layer's output. @param {Layer[]} layers @param {number} D */
function widthsOf(layers, D) {
  const widths = [D];
  /** @type {Float64Array} */
  let x = new Float64Array(D);
  for (const layer of layers) {
    x = LAYERS[layer.type].forward(layer, x);
    widths.push(x.length);
  }
  return widths;
}
