// The data sets of the plane, as `pl.moons(n, noise, seed)` and the others draw them, and the
// points held out of them, as `pl.train(validation=share)` chooses them.

import { Generator, splitOrder } from "./random.js";

/**
 * @typedef {object} Points
 * @property {Float64Array} x two coordinates for each point
 * @property {Int32Array} t classes, 0 or 1
 *
 * @typedef {object} DataSet
 * @property {number} noise the usual standard deviation
 * @property {(i: number, t: number, generator: Generator) => [number, number]} place the point
 *   without noise; called once for each
 * @property {(i: number) => number} [label] class of point i; by default they alternate
 * @property {number[]} view centre and half the width of the square in which the points are
 */

/** @type {Record<string, DataSet>} */
export const DATA_SETS = {
  moons: {
    noise: 0.1,
    place(i, t, generator) {
      const angle = Math.PI * generator.random();
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      return t ? [1 - c, 0.5 - s] : [c, s];
    },
    view: [0.5, 0.25, 1.9],
  },
  circles: {
    noise: 0.05,
    place(i, t, generator) {
      const angle = 2 * Math.PI * generator.random();
      const radius = t ? 0.5 : 1;
      return [radius * Math.cos(angle), radius * Math.sin(angle)];
    },
    view: [0, 0, 1.4],
  },
  spirals: {
    noise: 0.02,
    place(i, t, generator) {
      const along = Math.sqrt(generator.random());
      const angle = 3 * Math.PI * along + Math.PI * t;
      return [along * Math.cos(angle), along * Math.sin(angle)];
    },
    view: [0, 0, 1.25],
  },
  xor: {
    noise: 0.1,
    label: (i) => ((i % 4) >> 1) ^ (i % 2),
    place: (i) => [(i % 4) >> 1, i % 2],
    view: [0.5, 0.5, 1],
  },
  gaussians: {
    noise: 0.5,
    place: (i, t) => (t ? [1, 1] : [-1, -1]),
    view: [0, 0, 3],
  },
};

/**
 * Draw the points of a data set, rounded to float32 as Python's are.
 * @param {string} name a key of DATA_SETS
 * @param {number} n
 * @param {number} noise
 * @param {number} seed
 * @returns {Points}
 */
export function drawPoints(name, n, noise, seed) {
  const { place, label = (i) => i % 2 } = DATA_SETS[name];
  const generator = new Generator(seed);
  const labels = Int32Array.from({ length: n }, (_, i) => label(i));
  const exact = Array.from(labels, (t, i) => place(i, t, generator));
  const order = generator.permutation(n);
  const moved = exact.map((point) =>
    point.map((value) => Math.fround(value + noise * generator.standardNormal())),
  );
  return {
    x: Float64Array.from(Array.from(order).flatMap((i) => moved[i])),
    t: Int32Array.from(order, (i) => labels[i]),
  };
}

/**
 * Hold a share of the rows out, the same of each class; return the indices of both parts, ascending.
 * @param {ArrayLike<number>} labels
 * @param {number} share from 0 to below 1
 * @param {number} seed
 * @returns {{kept: number[], held: number[]}}
 */
export function split(labels, share, seed) {
  const N = labels.length;
  const count = Math.min(rounded(N * share), N - 1); // one row is left to train on
  if (count <= 0) return { kept: Array.from({ length: N }, (_, i) => i), held: [] };
  /** @type {Map<number, number[]>} */
  const byClass = new Map();
  for (const row of splitOrder(seed, N))
    byClass.set(labels[row], [...(byClass.get(labels[row]) ?? []), row]);
  const classes = [...byClass.keys()].sort((a, b) => a - b).map((k) => byClass.get(k) ?? []);
  // Rounded down, and the places that are left to the largest remainders (Hamilton's method).
  const seats = classes.map((rows) => Math.floor(rows.length * share));
  const remainder = (/** @type {number} */ k) => classes[k].length * share - seats[k];
  const left = count - seats.reduce((sum, seat) => sum + seat, 0);
  const first = Array.from(seats.keys()).sort((a, b) => remainder(b) - remainder(a) || a - b);
  for (const k of first.slice(0, left)) seats[k]++;
  const held = classes.flatMap((rows, k) => rows.slice(0, seats[k])).sort((a, b) => a - b);
  const out = new Set(held);
  return { kept: Array.from({ length: N }, (_, i) => i).filter((i) => !out.has(i)), held };
}

/** Round halves to even numbers, as Python does. @param {number} value */
function rounded(value) {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

/**
 * Return the rows with these indices.
 * @param {Points} points
 * @param {number[]} rows
 * @returns {Points}
 */
export function pick({ x, t }, rows) {
  const D = x.length / t.length;
  return {
    x: Float64Array.from(rows.flatMap((row) => Array.from(x.subarray(row * D, (row + 1) * D)))),
    t: Int32Array.from(rows, (row) => t[row]),
  };
}
