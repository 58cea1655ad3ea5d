// Edits: a list of the user's changes to a network. The network that runs is the base with all
// edits applied.

import { Network, neuronLayers } from "./network.js";

/**
 * @typedef {import("./layers.js").Layer} Layer
 *
 * @typedef {{kind: "bias", layer: number, neuron: number, value: number} | {kind: "weight", layer:
 *   number, from: number, neuron: number, value: number} | {kind: "paint", layer: number, neuron:
 *   number, levels: number[]} | {kind: "off", layer: number, neuron: number} | {kind: "activation",
 *   layer: number, type: string} | {kind: "linear"}} Edit `layer` is a neuron layer; `levels` are
 *   added to a neuron's weights, in units of LEVEL; "off" holds a neuron's activation at 0,
 *   "linear" removes the activations of all hidden layers
 */

/**
 * One level of paint, in units of weight; levels are signed bytes, so that addresses stay short.
 */
export const LEVEL = 1 / 16;
export const MOST_LEVELS = 127;

/**
 * The activations to choose from, and their options.
 * @type {Record<string, Record<string, any>>}
 */
export const ACTIVATIONS = {
  Sigmoid: {},
  Tanh: {},
  ReLU: {},
  LeakyReLU: { slope: 0.01 },
  GELU: { approximate: "none" },
  SiLU: {},
  Softplus: {},
  ELU: { alpha: 1 },
  SELU: {},
  PReLU: {},
  Mish: {},
  Hardswish: {},
  Identity: {},
};

// a weighted sum at which Sigmoid, Softmax and Softplus are 0, and LogSoftmax is far below all others
const SILENT = -1000;

/** @type {{[K in Edit["kind"]]: (network: Network, edit: Extract<Edit, {kind: K}>) => void}} */
const KINDS = {
  bias(network, { layer, neuron, value }) {
    affineOf(network, layer).arrays.b.data[neuron] = value;
  },
  weight(network, { layer, from, neuron, value }) {
    const { shape, data } = affineOf(network, layer).arrays.W;
    data[from * shape[1] + neuron] = value;
  },
  paint(network, { layer, neuron, levels }) {
    const { shape, data } = affineOf(network, layer).arrays.W;
    levels.forEach((level, from) => (data[from * shape[1] + neuron] += level * LEVEL));
  },
  off(network, { layer, neuron }) {
    const { W, b } = affineOf(network, layer).arrays;
    const place = network.neuronLayers[layer];
    for (let at = neuron; at < W.data.length; at += W.shape[1]) W.data[at] = 0;
    const isClass = place.last && network.classifies; // the lowest output must never win
    const neverZero =
      isClass ||
      ["Sigmoid", "Softmax", "Softplus", "Exponential"].includes(place.activation?.type ?? "");
    if (b) b.data[neuron] = neverZero ? SILENT : 0;
    // a layer between, such as BatchNorm, may turn 0 into another number
    const next = network.neuronLayers[layer + 1]?.affine;
    next?.arrays.W.data.fill(
      0,
      neuron * next.arrays.W.shape[1],
      (neuron + 1) * next.arrays.W.shape[1],
    );
  },
  activation(network, { layer, type }) {
    replaceActivation(network, layer, type);
  },
  linear(network) {
    for (const { number, last, activation } of network.neuronLayers)
      if (number && !last && activation) replaceActivation(network, number, "Identity");
  },
};

/**
 * Activations first, since they decide how a neuron is held at 0; "off" last, so that it stays off.
 * @type {Partial<Record<Edit["kind"], number>>}
 */
const ORDER = { activation: 0, linear: 1, off: 3 };
const orderOf = (/** @type {Edit} */ { kind }) => ORDER[kind] ?? 2;

/**
 * Return a copy of the network with edits; the network itself where there are none. Edits that do
 * not fit, such as those of an earlier base, are ignored.
 * @param {Network} network
 * @param {Edit[]} edits
 * @returns {Network}
 */
export function edited(network, edits) {
  if (!edits.length) return network;
  const changed = network.copy();
  for (const edit of edits.slice().sort((a, b) => orderOf(a) - orderOf(b))) {
    if (fits(changed, edit))
      /** @type {(network: Network, edit: Edit) => void} */ (KINDS[edit.kind])(changed, edit);
  }
  return changed;
}

/** Whether an edit can be applied to a network. @param {Network} network @param {Edit} edit */
export function fits(network, edit) {
  if (edit.kind === "linear") return true;
  const [place, before] = [network.neuronLayers[edit.layer], network.neuronLayers[edit.layer - 1]];
  if (!place || !before) return false;
  if (edit.kind === "activation")
    return place.activation !== null && Object.hasOwn(ACTIVATIONS, edit.type);
  const arrays = place.affine?.arrays;
  if (!arrays || !(edit.neuron < place.size)) return false;
  if (edit.kind === "bias") return arrays.b !== undefined && Number.isFinite(edit.value);
  if (edit.kind === "weight") return edit.from < arrays.W.shape[0] && Number.isFinite(edit.value);
  return edit.kind === "off" || edit.levels.length === arrays.W.shape[0];
}

/**
 * Return the edits with one more, which replaces an earlier edit of the same thing. Paint replaces
 * only the paint that it continues (`paintOf`), so that a weight that was set in between stays.
 * @param {Edit[]} edits
 * @param {Edit} edit
 */
export function withEdit(edits, edit) {
  const key = keyOf(edit);
  if (edit.kind !== "paint") return [...edits.filter((one) => keyOf(one) !== key), edit];
  const last = paintOf(edits, edit);
  return last ? edits.map((one) => (one === last ? edit : one)) : [...edits, edit];
}

/**
 * Return the paint that more paint on a neuron's weights continues.
 * @param {Edit[]} edits
 * @param {{layer: number, neuron: number}} place
 * @returns {Extract<Edit, {kind: "paint"}> | null}
 */
export function paintOf(edits, { layer, neuron }) {
  const last = edits.findLast(
    (one) =>
      (one.kind === "paint" || one.kind === "weight") &&
      one.layer === layer &&
      one.neuron === neuron,
  );
  return last?.kind === "paint" ? last : null;
}

/**
 * Whether a neuron is switched off.
 * @param {Edit[]} edits
 * @param {{layer: number, index: number}} neuron
 */
export function isOff(edits, neuron) {
  return edits.some((edit) => concerns(edit, neuron));
}

/**
 * Whether an edit switches this neuron off.
 * @param {Edit} edit
 * @param {{layer: number, index: number}} neuron
 */
export function concerns(edit, { layer, index }) {
  return edit.kind === "off" && edit.layer === layer && edit.neuron === index;
}

/** Return a key of what an edit changes. @param {Edit} edit */
function keyOf(edit) {
  const { kind, layer, from, neuron } = /** @type {any} */ (edit);
  return [kind, layer, from, neuron].join();
}

/** @param {Network} network @param {number} L @param {string} type */
function replaceActivation(network, L, type) {
  const at = network.layers.indexOf(/** @type {Layer} */ (network.neuronLayers[L].activation));
  /** @type {Layer["arrays"]} */
  const arrays = type === "PReLU" ? { slope: { shape: [1], data: Float64Array.of(0.25) } } : {};
  network.layers[at] = { type, options: ACTIVATIONS[type], arrays };
  network.neuronLayers = neuronLayers(network.layers);
}

/** @param {Network} network @param {number} L @returns {Layer} */
function affineOf(network, L) {
  const { affine } = network.neuronLayers[L];
  if (!affine) throw new Error(`neuron layer ${L} has no weights of its own`);
  return affine;
}

/**
 * Return one Affine layer for a chain of them, x W1 W2 + (b1 W2 + b2); null where a layer between
 * is not linear.
 * @param {Network} network
 * @returns {{W: Float64Array, b: Float64Array, shapes: number[][]} | null} W is (D, K); `shapes`
 *   are those of the chain
 */
export function collapsed({ layers, neuronLayers: places }) {
  const last = /** @type {import("./network.js").NeuronLayer} */ (places.at(-1));
  const chain = layers.slice(places[0].stop, last.first + 1);
  if (chain.some(({ type }) => !["Affine", "Identity", "Dropout"].includes(type))) return null;
  const affine = chain.filter(({ type }) => type === "Affine");
  if (affine.length < 2) return null;
  const [D] = affine[0].arrays.W.shape;
  let width = D;
  let W = new Float64Array(0);
  let b = new Float64Array(0);
  for (const { arrays } of affine) {
    const own = arrays.W;
    const K = own.shape[1];
    const through = W.length ? product(b, own.data, 1, width, K) : new Float64Array(K);
    b = through.map((value, k) => value + (arrays.b?.data[k] ?? 0));
    W = W.length ? product(W, own.data, D, width, K) : own.data.slice();
    width = K;
  }
  return { W, b, shapes: affine.map(({ arrays }) => arrays.W.shape) };
}

/**
 * (N, H) times (H, K).
 * @param {Float64Array} a
 * @param {Float64Array} b
 * @param {number} N
 * @param {number} H
 * @param {number} K
 */
function product(a, b, N, H, K) {
  const c = new Float64Array(N * K);
  for (let n = 0; n < N; n++)
    for (let h = 0; h < H; h++)
      for (let k = 0; k < K; k++) c[n * K + k] += a[n * H + h] * b[h * K + k];
  return c;
}
