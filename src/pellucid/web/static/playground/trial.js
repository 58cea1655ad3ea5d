// One training in the playground, from its start on: points, network, and every neuron's values over
// the plane.

import { Batches, obstacle } from "../network/batches.js";
import { mlp } from "../network/build.js";
import { DATA_SETS, drawPoints, pick, split } from "../network/datasets.js";
import { sigmoid } from "../network/functions.js";
import { Watch } from "../network/hints.js";
import { Run } from "../network/train.js";
import { MOST_LAYERS, optimizerOf } from "./setup.js";

/**
 * @typedef {import("./setup.js").Setup} Setup
 * @typedef {import("./setup.js").Point} Point
 * @typedef {import("../network/datasets.js").Points} Points
 * @typedef {import("../network/network.js").Network} Network
 *
 * @typedef {object} Start what a training begins with
 * @property {Setup} setup
 * @property {Point[]} own points
 * @property {{network: Network, file: string} | null} opened a network from a file, whose weights
 *   are the first ones
 *
 * @typedef {{values: Float64Array, first: number, stride: number}} Field values over the view: every
 *   `stride`-th from `first` on
 */

export const SIDE = 60; // points of a field in each direction
const MOST_WIDTH = 16; // neurons in a layer of a network from a file

export class Trial {
  /** The same start gives the same first weights. @param {Start} start */
  constructor({ setup, own, opened }) {
    const points = pointsOf(setup, own);
    const { kept, held } = split(points.t, setup.held / 100, setup.seed);
    this.view = viewOf(setup, points);
    this.training = pick(points, kept);
    this.held = held.length ? pick(points, held) : null;
    const network = opened
      ? opened.network.copy()
      : mlp([2, ...setup.hidden, 1], setup.activation, "sigmoid", setup.seed);
    const { batch: batchSize, seed } = setup;
    this.run = new Run(network, this.training, this.held, optimizerOf(setup), { batchSize, seed });
    this.watch = new Watch(this.run);
    this.places = network.neuronLayers;
    this.first = this.scores(); // of the untrained network
    this.changed = false; // whether it differs from that of its start alone
    this.grid = grid(this.view);
    this.fields = new Batches(network.layers, 2);
    this.p = new Float64Array(SIDE * SIDE); // of class 1, over the view
    this.fresh = false; // whether fields and p are those of the present weights
  }

  /** Return the scores of the network as it is now, as those of epoch 0. */
  scores() {
    const none = { loss: NaN, accuracy: NaN };
    const [own, held] = [this.training, this.held].map((one) =>
      one?.t.length ? this.run.evaluate(one) : none,
    );
    const { loss, accuracy } = own;
    return {
      epoch: 0,
      loss,
      accuracy,
      validation_loss: held.loss,
      validation_accuracy: held.accuracy,
    };
  }

  /** Compute every neuron's values over the view; return whether they were out of date. */
  computeFields() {
    if (this.fresh) return false;
    this.fields.forward(this.grid, SIDE * SIDE);
    const { y, widths } = this.fields;
    const K = widths.at(-1) ?? 1;
    const end = this.run.network.layers.at(-1)?.type ?? "";
    for (let i = 0; i < this.p.length; i++) this.p[i] = chance(y, i * K, K, end);
    this.fresh = true;
    return true;
  }

  /** Return the values of a neuron over the view. @param {number} L @param {number} neuron @returns {Field} */
  field(L, neuron) {
    const { stop } = this.places[L];
    const values = stop ? this.fields.outputs[stop - 1] : this.grid;
    const stride = this.places[L].size;
    return { values: values.subarray(0, stride * SIDE * SIDE), first: neuron, stride };
  }

  /** The probability of class 1 at a place. @param {[number, number]} place */
  probability(place) {
    const { network } = this.run;
    const y = network.predict(place);
    return chance(y, 0, y.length, network.layers.at(-1)?.type ?? "");
  }
}

/**
 * Return the probability of class 1 of the outputs from index `at` on.
 * @param {Float64Array} y
 * @param {number} at
 * @param {number} K
 * @param {string} end the type of the last layer
 */
function chance(y, at, K, end) {
  if (K === 1) return end === "Sigmoid" ? y[at] : sigmoid(y[at]);
  return end === "Softmax" ? y[at + 1] : sigmoid(y[at + 1] - y[at]);
}

/** @param {Setup} setup @param {Point[]} own @returns {Points} */
function pointsOf({ data, n, noise, draw }, own) {
  if (data !== "own") return drawPoints(data, n, noise, draw);
  return {
    x: Float64Array.from(own.flatMap(([x, y]) => [x, y])),
    t: Int32Array.from(own, ([, , k]) => k),
  };
}

/**
 * Return centre and half the width of the square to show: that of the data set, or one in which all
 * own points are.
 * @param {Setup} setup
 * @param {Points} points
 */
function viewOf({ data }, { x }) {
  const known = DATA_SETS[data]?.view;
  if (known) return known;
  const fits = x.every((value) => Math.abs(value) <= 1);
  if (fits) return [0, 0, 1.2]; // does not move while the first points are set
  const ends = [0, 1].map((d) => {
    const values = x.filter((_, i) => i % 2 === d);
    return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  });
  const half = Math.max(...ends.map(([low, high]) => (high - low) / 2)) || 1;
  return [(ends[0][0] + ends[0][1]) / 2, (ends[1][0] + ends[1][1]) / 2, 1.15 * half];
}

/** Return the middles of SIDE x SIDE squares, from the upper left. @param {number[]} view */
function grid([cx, cy, half]) {
  const at = (/** @type {number} */ i) => ((2 * i + 1) / SIDE - 1) * half;
  const points = new Float64Array(2 * SIDE * SIDE);
  for (let row = 0, i = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      points[i++] = cx + at(column);
      points[i++] = cy - at(row);
    }
  return points;
}

/** Return a network that saves its weights with all their digits. @param {Network} network */
export function inFloat64(network) {
  const copy = network.copy();
  copy.dtype = "F64";
  return copy;
}

/**
 * Return why a network cannot be shown, as a text's key and values; null where it can.
 * @param {Network} network
 * @returns {["inputs" | "outputs" | "size" | "layer", Record<string, string | number>] | null}
 */
export function refusal(network) {
  const { D, layers, neuronLayers } = network;
  const outputs = neuronLayers.at(-1)?.size ?? 0;
  if (D !== 2) return ["inputs", { count: D }];
  if (outputs > 2 || !network.classifies) return ["outputs", { count: outputs }];
  const skip = neuronLayers.slice(1).find(({ affine }) => !affine);
  const other = obstacle(layers) ?? (skip && layers[skip.first].type);
  if (other) return ["layer", { name: other }];
  const widest = Math.max(...neuronLayers.map(({ size }) => size));
  if (neuronLayers.length > MOST_LAYERS + 2 || widest > MOST_WIDTH)
    return ["size", { layers: MOST_LAYERS, neurons: MOST_WIDTH }];
  return null;
}

/** Return the data set that a network classifies best. @param {Network} network @param {Setup} setup */
export function bestData(network, { n, draw }) {
  const scores = Object.entries(DATA_SETS).map(([name, { noise }]) => {
    const { x, t } = drawPoints(name, n, noise, draw);
    const right = t.filter((label, i) => network.classify(x.subarray(2 * i, 2 * i + 2)) === label);
    return { name, right: right.length };
  });
  return scores.reduce((a, b) => (b.right > a.right ? b : a)).name;
}
