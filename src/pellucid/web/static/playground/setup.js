// What a training in the playground begins with, its word in the address, and the same training as
// a program in Python.

import { NAMED } from "../network/build.js";
import { DATA_SETS } from "../network/datasets.js";

/**
 * @typedef {object} Setup
 * @property {string} data a key of DATA_SETS, or "own"
 * @property {number} n points
 * @property {number} noise
 * @property {number} draw the seed of the points
 * @property {number} held percent of the points that are held out for testing
 * @property {number[]} hidden neurons in each hidden layer
 * @property {string} activation
 * @property {string} optimizer a key of CHOICES
 * @property {number} rate
 * @property {number} batch
 * @property {number} seed of weights, split and order
 * @property {number} l1
 * @property {number} l2
 *
 * @typedef {[number, number, number]} Point both coordinates, and its class
 */

/** Most characters of own points in an address: longer links are cut by mail and messengers. */
export const LONGEST = 1500;

export const MOST_LAYERS = 6;
export const MOST_NEURONS = 8;
export const MOST_POINTS = 1000;
export const MOST_SEED = 99_999;

/** Activations of hidden layers. */
export const ACTIVATIONS = Object.keys(NAMED).filter(
  (name) => !["exponential", "softmax"].includes(name),
);

/**
 * Optimizers to choose from: the usual learning rate, and the call in Python.
 * @type {Record<string, {rate: number, python: string, name: string, momentum?: number}>}
 */
export const CHOICES = {
  sgd: { name: "sgd", rate: 0.3, python: "SGD" },
  momentum: { name: "sgd", rate: 0.1, python: "SGD", momentum: 0.9 },
  adam: { name: "adam", rate: 0.02, python: "Adam" },
  rmsprop: { name: "rmsprop", rate: 0.01, python: "RMSprop" },
  adagrad: { name: "adagrad", rate: 0.1, python: "Adagrad" },
};

/** @type {Setup} */
export const USUAL = {
  data: "moons",
  n: 200,
  noise: DATA_SETS.moons.noise,
  draw: 0,
  held: 30,
  hidden: [4, 4],
  activation: "tanh",
  optimizer: "momentum",
  rate: CHOICES.momentum.rate,
  batch: 10,
  seed: 0,
  l1: 0,
  l2: 0,
};

/**
 * Settings that are known to separate the classes, where the usual ones do not.
 * @type {Record<string, Partial<Setup>>}
 */
const KNOWN = { spirals: { hidden: [8, 8], optimizer: "adam", rate: CHOICES.adam.rate } };

/** Return settings that are known to work for the points of a setup. @param {Setup} setup @returns {Setup} */
export function known({ data, n, noise, draw, held }) {
  return { ...USUAL, data, n, noise, draw, held, ...KNOWN[data] };
}

/** Settings that a training under way takes up; all others begin a new one. */
export const LIVE = ["rate", "batch", "l1", "l2"];

/** The least and the most of each number. @type {Record<string, [number, number]>} */
export const RANGES = {
  n: [4, MOST_POINTS],
  noise: [0, 1],
  draw: [0, MOST_SEED],
  held: [0, 90],
  rate: [1e-6, 100],
  batch: [1, MOST_POINTS],
  seed: [0, MOST_SEED],
  l1: [0, 1],
  l2: [0, 1],
};
const WHOLE = ["n", "draw", "held", "batch", "seed"];

/**
 * Whether a number is allowed for a setting.
 * @param {string} name a key of RANGES
 * @param {number} value
 */
export function allowed(name, value) {
  const [low, high] = RANGES[name];
  return value >= low && value <= high && (!WHOLE.includes(name) || Number.isInteger(value));
}

/** Return the setup with which a data set begins, all else as it is. @param {Setup} setup @param {string} data @returns {Setup} */
export function withData(setup, data) {
  return { ...setup, data, noise: DATA_SETS[data]?.noise ?? 0 };
}

/**
 * Return the word of the address: settings that are not the usual ones, own points, and the epoch
 * that a link trains to.
 * @param {Setup} setup
 * @param {Point[]} points
 * @param {number} [epoch]
 */
export function wordOf(setup, points, epoch = 0) {
  const usual = withData(USUAL, setup.data);
  const found = Object.entries(setup).flatMap(([name, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value);
    const same = name !== "data" && text === String(usual[/** @type {keyof Setup} */ (name)]);
    return same ? [] : [`${name}:${text}`];
  });
  const own = points.flat().join(",");
  if (setup.data === "own" && own && own.length <= LONGEST) found.push(`points:${own}`);
  if (epoch) found.push(`epoch:${epoch}`);
  return found.join(";");
}

/**
 * Read a word of the address; malformed parts are ignored.
 * @param {string} word
 * @returns {{setup: Setup, points: Point[], epoch: number}}
 */
export function readWord(word) {
  const given = Object.fromEntries(word.split(";").map((part) => part.split(":", 2)));
  const data = given.data === "own" || given.data in DATA_SETS ? given.data : USUAL.data;
  /** @type {any} */
  const setup = withData(USUAL, data);
  for (const name of Object.keys(RANGES))
    if (given[name] && allowed(name, Number(given[name]))) setup[name] = Number(given[name]);
  if (given.hidden !== undefined) setup.hidden = readHidden(given.hidden) ?? setup.hidden;
  if (ACTIVATIONS.includes(given.activation)) setup.activation = given.activation;
  if (given.optimizer in CHOICES) setup.optimizer = given.optimizer;
  const numbers = (given.points ?? "").split(",").map(Number);
  const points = Array.from(
    { length: Math.floor(numbers.length / 3) },
    (_, i) => /** @type {Point} */ (numbers.slice(3 * i, 3 * i + 3)),
  );
  const valid = points.every(([x, y, k]) => Number.isFinite(x + y) && (k === 0 || k === 1));
  const epoch = /^\d{1,4}$/.test(given.epoch ?? "") ? Number(given.epoch) : 0;
  return { setup, points: valid ? points.slice(0, MOST_POINTS) : [], epoch };
}

/** Read the sizes of hidden layers; null where they are none. @param {string} text */
function readHidden(text) {
  const sizes = text ? text.split(",").map(Number) : [];
  const fit = sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= MOST_NEURONS);
  return fit && sizes.length <= MOST_LAYERS ? sizes : null;
}

/** Return the optimizer of a setup. @param {Setup} setup @returns {import("../network/optimizers.js").Optimizer} */
export function optimizerOf({ optimizer, rate, l1, l2 }) {
  const { name, momentum } = CHOICES[optimizer];
  return { name, learningRate: rate, momentum, l1, l2 };
}

/**
 * Return a program in Python that trains the same network on the same points.
 * @param {Setup} setup
 * @param {Point[]} points
 * @param {number} epochs
 * @param {string} file of the network that was opened; "" for new weights
 */
export function program(setup, points, epochs, file) {
  const { optimizer, rate, l1, l2, held, hidden, activation, batch, seed } = setup;
  const { python, momentum } = CHOICES[optimizer];
  const given = Object.entries({ momentum, l1, l2 }).filter(([, value]) => value);
  const settings = [rate, ...given.map(([name, value]) => `${name}=${value}`)].join(", ");
  const widths = [2, ...hidden, 1].join(", ");
  const network = file
    ? `net = pl.load("${file}").astype("float64")`
    : `net = pl.mlp([${widths}], "${activation}", "sigmoid", seed=${seed}, dtype="float64")`;
  return [
    ...(["own", "gaussians"].includes(setup.data) ? ["import numpy as np"] : []),
    "import pellucid as pl",
    "",
    ...pointsInPython(setup, points),
    network,
    "pl.train(",
    `    net, x, t, optimizer=pl.${python}(${settings}), epochs=${epochs}, batch_size=${batch},`,
    `    ${held ? `validation=${held / 100}, ` : ""}seed=${seed}, engine="reference",`,
    ")",
  ].join("\n");
}

/** @param {Setup} setup @param {Point[]} points */
function pointsInPython({ data, n, noise, draw }, points) {
  if (data === "own") {
    const rows = points.map(([x, y]) => `[${x}, ${y}]`).join(", ");
    const labels = points.map(([, , k]) => k).join(", ");
    return [`x = np.array([${rows}])`, `t = np.array([${labels}])`];
  }
  if (data !== "gaussians") return [`x, t = pl.${data}(${n}, noise=${noise}, seed=${draw})`];
  return [
    `rng, t = np.random.default_rng(${draw}), np.arange(${n}) % 2`,
    `order = rng.permutation(${n})`,
    `x = (2.0 * t - 1)[:, None] + ${noise} * rng.standard_normal((${n}, 2))`,
    "x, t = x[order].astype(np.float32), t[order]",
  ];
}
