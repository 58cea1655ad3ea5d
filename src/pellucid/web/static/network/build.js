// New networks with the weights that `pl.mlp(widths, activation, output, seed=seed,
// dtype="float64")` draws.

import { Network } from "./network.js";
import { Generator } from "./random.js";

/**
 * @typedef {import("./layers.js").Layer} Layer
 * @typedef {import("./layers.js").Tensor} Tensor
 */

/**
 * The activations by their names in Python: type, options, and how weights before them are drawn.
 * @type {Record<string, {type: string, options?: Record<string, any>, start?: string}>}
 */
export const NAMED = {
  sigmoid: { type: "Sigmoid" },
  tanh: { type: "Tanh" },
  relu: { type: "ReLU", start: "he" },
  leaky_relu: { type: "LeakyReLU", options: { slope: 0.01 }, start: "he" },
  gelu: { type: "GELU", options: { approximate: "none" }, start: "he" },
  silu: { type: "SiLU", start: "he" },
  softplus: { type: "Softplus", start: "he" },
  elu: { type: "ELU", options: { alpha: 1 }, start: "he" },
  selu: { type: "SELU", start: "lecun" },
  prelu: { type: "PReLU", start: "he" },
  mish: { type: "Mish", start: "he" },
  hardswish: { type: "Hardswish", start: "he" },
  exponential: { type: "Exponential" },
  identity: { type: "Identity" },
  softmax: { type: "Softmax" },
};

/**
 * Build a dense network.
 * @param {number[]} widths neurons in each neuron layer, inputs first
 * @param {string} activation of the hidden layers, a key of NAMED
 * @param {string} output the last activation
 * @param {number} seed
 * @param {Layer[]} [front] layers before the first Affine, such as Scale
 */
export function mlp(widths, activation, output, seed, front = []) {
  const generator = new Generator(seed);
  const layers = [...front];
  for (let at = 1; at < widths.length; at++) {
    const [D, H] = [widths[at - 1], widths[at]];
    layers.push(affine(D, H, drawing(NAMED[activation].start, D, H, generator)));
    const name = at < widths.length - 1 ? activation : output;
    if (name !== "identity") layers.push(made(name));
  }
  return new Network({ layers, inputs: null, classes: null, record: {}, dtype: "F64" });
}

/**
 * Return a function that draws a weight.
 * @param {string | undefined} start
 * @param {number} D
 * @param {number} H
 * @param {Generator} generator
 */
function drawing(start, D, H, generator) {
  const [a, std] = [Math.sqrt(6 / (D + H)), Math.sqrt((start === "he" ? 2 : 1) / D)];
  return start ? () => std * generator.standardNormal() : () => generator.uniform(-a, a);
}

/** @param {number} D @param {number} H @param {() => number} draw @returns {Layer} */
function affine(D, H, draw) {
  const W = { shape: [D, H], data: Float64Array.from({ length: D * H }, draw) };
  const b = { shape: [H], data: new Float64Array(H) };
  return { type: "Affine", options: {}, arrays: { W, b } };
}

/** @param {string} name @returns {Layer} */
function made(name) {
  const { type, options = {} } = NAMED[name];
  /** @type {Record<string, Tensor>} */
  const arrays = type === "PReLU" ? { slope: { shape: [1], data: Float64Array.of(0.25) } } : {};
  return { type, options, arrays };
}
