// Network: a model file, ready to predict one row at a time. Arithmetic only; nothing here knows
// the page.

import { sigmoid, softmax } from "./functions.js";
import { readModel, writeModel } from "./file.js";
import { LAYERS, alone, backward, forward, membersOf, waysOf } from "./layers.js";
import { LOSSES, lossOf, oneHot } from "./losses.js";

/**
 * @typedef {import("./layers.js").Layer} Layer
 * @typedef {import("./layers.js").Tensor} Tensor
 *
 * @typedef {object} NeuronLayer a layer of neurons as people count them (lens/neurons.py)
 * @property {number} number 0 the input, then the hidden layers, then the output
 * @property {number} size
 * @property {number} first index of its Affine, skip or Members in `layers`; 0 for the input
 * @property {number} stop `layers.slice(0, stop)` end with its activations
 * @property {Layer | null} affine
 * @property {Layer | null} activation the layer that turns its weighted sums into activations
 * @property {boolean} last
 *
 * @typedef {object} Pass one row on its way through a network
 * @property {Float64Array} x the input
 * @property {Float64Array[]} trace the output of every layer
 * @property {Float64Array} y the output
 */

export class Network {
  /** @param {import("./file.js").ModelFile} model */
  constructor(model) {
    this.layers = model.layers;
    this.inputs = model.inputs;
    this.classes = model.classes;
    this.record = model.record;
    this.dtype = model.dtype;
    this.uncertainty = model.uncertainty ?? null;
    this.neuronLayers = neuronLayers(this.layers);
    /** @type {Network[] | null} */
    this.alone = null;
  }

  /** @param {ArrayBuffer} buffer a model file's content */
  static read(buffer) {
    return new Network(readModel(buffer));
  }

  /** The model file's content, as pellucid reads it. */
  toBytes() {
    return writeModel(this);
  }

  /** Return a copy to be changed, which shares no array: of its errors nothing is known. */
  copy() {
    return new Network({ ...this, uncertainty: null, layers: this.layers.map(copied) });
  }

  /** The networks that the members of an ensemble are by themselves; they share its arrays. */
  get members() {
    const count = this.layers.find(({ type }) => type === "Members")?.options.count ?? 0;
    this.alone ??= Array.from(
      { length: count },
      (_, m) => new Network({ ...this, uncertainty: null, layers: alone(this.layers, m) }),
    );
    return this.alone;
  }

  /** The number of trained numbers. */
  get parameterCount() {
    return this.layers.reduce((sum, layer) => sum + parameterCount(layer), 0);
  }

  /** Whether pixels come as bytes, 0 to 255: the layers begin, after Flatten, by scaling them. */
  get takesBytes() {
    const first = alone(this.layers, 0).find((layer) => layer.type !== "Flatten");
    return first?.type === "Scale" && first.options.factor > 0 && first.options.factor <= 1 / 64;
  }

  /** The number of inputs in a row; an embedding adds more for neuron layer 0. */
  get D() {
    return inputs(this.layers);
  }

  /** @param {ArrayLike<number>} x @returns {Pass} */
  forward(x) {
    const row = Float64Array.from(x);
    if (row.length !== this.D) throw new Error(`expected ${this.D} numbers, got ${row.length}`);
    const trace = forward(this.layers, row);
    return { x: row, trace, y: trace.at(-1) ?? row };
  }

  /** @param {ArrayLike<number>} x */
  predict(x) {
    return this.forward(x).y;
  }

  /**
   * Return the class index: the largest output; with one output, whether its probability is at
   * least 0.5.
   * @param {ArrayLike<number>} x
   */
  classify(x) {
    return this.choose(this.predict(x));
  }

  /**
   * Return the class of an output. At a tie, as everywhere in pellucid: exactly 0.5 is class 1, and
   * of equal outputs the first is the class.
   * @param {Float64Array} y
   */
  choose(y) {
    if (y.length === 1) {
      const p = this.layers.at(-1)?.type === "Sigmoid" ? y[0] : sigmoid(y[0]);
      return Number(p >= 0.5);
    }
    return y.indexOf(y.reduce((a, b) => Math.max(a, b), -Infinity));
  }

  /** Whether its outputs are classes: it has names for them, or ends in a sigmoid or a softmax. */
  get classifies() {
    const ends = ["Sigmoid", "Softmax", "LogSoftmax"];
    return this.classes !== null || ends.includes(this.layers.at(-1)?.type ?? "");
  }

  /**
   * Return the confidence of an output: a probability after softmax, else a degree of match.
   * @param {Float64Array} y
   */
  confidence(y) {
    return this.shares(y).reduce((a, b) => Math.max(a, b), 0);
  }

  /**
   * Return what an output gives to each class: probabilities after softmax, else degrees of match.
   * @param {Float64Array} y
   */
  shares(y) {
    const last = this.layers.at(-1)?.type ?? "";
    let shown = y;
    if (last !== "Sigmoid" && last !== "Softmax")
      shown = y.length > 1 ? softmax(y) : y.map(sigmoid);
    return shown.length === 1 ? Float64Array.of(1 - shown[0], shown[0]) : shown;
  }

  /** Whether it ends in a sigmoid: its outputs are degrees of match, and no probabilities. */
  get matches() {
    return this.layers.at(-1)?.type === "Sigmoid";
  }

  /** Return the name of a class. @param {number} index */
  label(index) {
    return this.classes?.[index] ?? String(index);
  }

  /**
   * Return the weighted sums of a neuron layer; null for the input, for a skip and for Members.
   * @param {Pass} pass
   * @param {number} L
   */
  sums(pass, L) {
    const place = this.neuronLayers[L];
    return place.affine ? pass.trace[place.first] : null;
  }

  /**
   * Return the activations of a neuron layer; of the input, those after preparation such as Scale.
   * @param {Pass} pass
   * @param {number} L
   */
  activations(pass, L) {
    const { stop } = this.neuronLayers[L];
    return stop ? pass.trace[stop - 1] : pass.x;
  }

  /**
   * Return the loss of one row and its gradients.
   * @param {Pass} pass
   * @param {number | ArrayLike<number>} target a class index, or a value for each output
   * @param {string} [name] a key of LOSSES; by default the loss that fits the last layer
   * @returns {{loss: number, dx: Float64Array, grads: import("./layers.js").Grads[], dys:
   *   Float64Array[]}}
   */
  backward(pass, target, name = lossOf(this.layers.at(-1)?.type)) {
    const loss = LOSSES[name];
    const t = typeof target === "number" ? oneHot(target, pass.y.length) : target;
    const depth = this.layers.length - Number(loss.ends.includes(this.layers.at(-1)?.type ?? ""));
    const z = depth ? pass.trace[depth - 1] : pass.x;
    const layers = this.layers.slice(0, depth);
    return { loss: loss.value(z, t), ...backward(layers, pass.x, pass.trace, loss.gradient(z, t)) };
  }
}

/** @param {Layer[]} layers @returns {NeuronLayer[]} */
export function neuronLayers(layers) {
  const starts = layers.flatMap((layer, i) => (layer.type === "Affine" || layer.layers ? [i] : []));
  const stops = [...starts, layers.length];
  const found = [neuronLayer(layers, 0, 0, stops[0])];
  starts.forEach((first, i) => found.push(neuronLayer(layers, i + 1, first, stops[i + 1])));
  found[found.length - 1].last = true;
  return found;
}

/**
 * @param {Layer[]} layers
 * @param {number} number
 * @param {number} first
 * @param {number} stop
 * @returns {NeuronLayer}
 */
function neuronLayer(layers, number, first, stop) {
  const own = layers.slice(first, stop);
  const affine = number && own[0].type === "Affine" ? own[0] : null;
  const activation =
    own.find(({ type }) => LAYERS[type].curve || ["Softmax", "LogSoftmax"].includes(type)) ?? null;
  return {
    number,
    size: outputs(layers.slice(0, number ? first + 1 : stop), inputs(layers)),
    first,
    stop,
    affine,
    activation,
    last: false,
  };
}

/** @param {Layer[]} layers @returns {number} */
function inputs(layers) {
  for (const layer of layers) {
    if (layer.type === "CategoryEmbedding") return layer.arrays.sizes.shape[0];
    if (layer.type === "PeriodicEmbedding") return layer.arrays.embedded.shape[0];
    const [array] = Object.values(layer.arrays);
    const fits = layer.type === "PReLU" && array.shape[0] === 1; // one slope fits any number
    if (array && !fits) return array.shape[0];
    if (layer.layers) return inputs(layer.layers);
  }
  return 0;
}

/** Return the number of values that the layers add to each row. @param {Layer[]} layers */
function embedded(layers) {
  return layers.reduce((sum, { type, arrays }) => {
    if (type === "PeriodicEmbedding") return sum + arrays.b.data.length;
    if (type !== "CategoryEmbedding") return sum;
    // Each index, one value, becomes the values of its category.
    return sum + arrays.sizes.data.filter(Boolean).length * (arrays.W.shape[1] - 1);
  }, 0);
}

/**
 * Return the number of outputs of layers for D inputs.
 * @param {Layer[]} layers
 * @param {number} D
 */
function outputs(layers, D) {
  for (const layer of layers) {
    if (layer.type === "Affine") D = layer.arrays.W.shape[1];
    D += embedded([layer]);
    if (!layer.layers) continue;
    const chains = layer.type === "Members" ? membersOf(layer) : waysOf(layer);
    const [own, side] = chains.map((chain) => outputs(chain, D));
    D = layer.type === "Concatenate" ? side + own : own;
  }
  return D;
}

/** @param {Layer} layer @returns {number} */
export function parameterCount(layer) {
  const own = LAYERS[layer.type].params.reduce(
    (sum, name) => sum + (layer.arrays[name]?.data.length ?? 0),
    0,
  );
  return (layer.layers ?? []).reduce((sum, inner) => sum + parameterCount(inner), own);
}

/** @param {Layer} layer @returns {Layer} */
function copied(layer) {
  const arrays = Object.fromEntries(
    Object.entries(layer.arrays).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.slice() },
    ]),
  );
  return { ...layer, arrays, ...(layer.layers ? { layers: layer.layers.map(copied) } : {}) };
}
