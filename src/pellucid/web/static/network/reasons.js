// Attributions and counterfactuals: lens/attribution.py and lens/counterfactual.py in JavaScript.

import { alone, backward, forward } from "./layers.js";
import { fromLearned, numbersOf, sumsByInput } from "./learned.js";

/**
 * @typedef {import("./network.js").Network} Network
 *
 * @typedef {object} Integrated
 * @property {Float64Array} values the attribution of each input
 * @property {number} atInput
 * @property {number} atBaseline
 * @property {number} sum of the values
 * @property {number} gap its distance from the change of the activation, as a share of that
 * @property {number} steps
 *
 * @typedef {{low: ArrayLike<number>, high: ArrayLike<number>}} Limits of each input; equal where it
 *   must not change
 *
 * @typedef {object} Counterfactual
 * @property {Float64Array} x the changed input
 * @property {Float64Array} moves by how much each input moved, in input neurons (pixels from 0 to
 *   1)
 * @property {number} distance their length (L2)
 * @property {number} largest
 * @property {number} changed the number of moves above a hundredth of the largest
 * @property {number} after the new class
 * @property {number} confidence
 */

const [STEPS, MOST_STEPS, CLOSED] = [50, 3200, 0.005];
const LINEAR = ["Flatten", "Dropout", "Scale", "Standardize", "Affine", "Identity", "BatchNorm"];

/**
 * Compute integrated gradients of a neuron's activation (Sundararajan, Taly and Yan 2017) from the
 * input whose neurons are 0. The first layers are linear, so their output moves evenly on the path,
 * and only the rest is computed for every step: the same numbers as in Python with less work. Where
 * the network, or each of its members, begins with a CategoryEmbedding, the path leads between the
 * learned numbers.
 * @param {Network} network
 * @param {Float64Array} x
 * @param {number} L
 * @param {number} index
 * @returns {Integrated}
 */
export function integrated(network, x, L, index) {
  const { embeddings, layers } = fromLearned(network.layers.slice(0, network.neuronLayers[L].stop));
  const bend = layers.findIndex(({ type }) => !LINEAR.includes(type));
  const first = layers.slice(0, bend < 0 ? layers.length : bend);
  const rest = layers.slice(first.length);
  const [start, end] = [baseline(network), x].map((row) => numbersOf(embeddings, row));
  const trace = forward(first, end);
  const [from, to] = [forward(first, start).at(-1) ?? start, trace.at(-1) ?? end];
  const at = (/** @type {Float64Array} */ u) => (forward(rest, u).at(-1) ?? u)[index];
  const [atInput, atBaseline] = [at(to), at(from)];
  const change = atInput - atBaseline;
  for (let steps = STEPS; ; steps *= 4) {
    const mean = meanSlope(rest, from, to, index, steps);
    const slopes = backward(first, end, trace, mean).dx;
    const behind = slopes.map((slope, i) => slope * (end[i] - start[i]));
    const values = sumsByInput(embeddings, behind);
    const sum = values.reduce((a, b) => a + b, 0);
    const gap = Math.abs(sum - change) / (Math.abs(change) || 1);
    if (gap <= CLOSED || steps >= MOST_STEPS)
      return { values, atInput, atBaseline, sum, gap, steps };
  }
}

/**
 * Return the mean gradient on the path.
 * @param {import("./layers.js").Layer[]} rest
 * @param {Float64Array} from
 * @param {Float64Array} to
 * @param {number} index
 * @param {number} steps
 */
function meanSlope(rest, from, to, index, steps) {
  const mean = new Float64Array(from.length);
  for (const { node, weight } of legendre(steps)) {
    const u = from.map((value, i) => value + node * (to[i] - value));
    const trace = forward(rest, u);
    const dy = new Float64Array((trace.at(-1) ?? u).length);
    dy[index] = 1;
    backward(rest, u, trace, dy).dx.forEach((slope, i) => (mean[i] += weight * slope));
  }
  return mean;
}

/**
 * Return the input whose neurons are 0: black, or the means of standardized columns.
 * @param {Network} network
 */
function baseline(network) {
  const [first, second] = alone(network.layers, 0).filter(({ type }) => type !== "Flatten");
  if (first?.type === "CategoryEmbedding") {
    const means = second?.type === "Standardize" ? second.arrays.mean.data : [];
    const places = kept(first);
    const row = new Float64Array(network.D); // index 0 is a category that was not seen
    places.forEach((d, i) => (row[d] = means[i] ?? 0));
    return row;
  }
  if (first?.type === "Standardize") return first.arrays.mean.data.slice();
  return new Float64Array(network.D);
}

/** The columns that hold no index. @param {import("./layers.js").Layer} layer */
function kept({ arrays: { sizes } }) {
  return Array.from(sizes.data.keys()).filter((d) => !sizes.data[d]);
}

const NEWTON_STEPS = 6; // they converge quadratically; a test holds six against NumPy

/** @type {Map<number, {node: number, weight: number}[]>} */
const rules = new Map();

/**
 * Return the Gauss-Legendre rule on [0, 1]: the roots of the polynomial by Newton's method.
 * @param {number} n
 */
export function legendre(n) {
  const known = rules.get(n);
  if (known) return known;
  const rule = Array.from({ length: n }, (_, i) => {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (let turn = 0; ; turn++) {
      let [before, now] = [1, x];
      for (let k = 2; k <= n; k++)
        [before, now] = [now, ((2 * k - 1) * x * now - (k - 1) * before) / k];
      const slope = (n * (x * now - before)) / (x * x - 1);
      if (turn === NEWTON_STEPS)
        return { node: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
      x -= now / slope;
    }
  });
  rules.set(n, rule);
  return rule;
}

const [OVERSHOOT, PULL, BACK, HARDLY] = [1.05, 0.1, 0.9, 1.0001]; // as in lens/counterfactual.py
const [TRIES, HALVINGS, CLIMB] = [100, 24, 60]; // as in Python

/**
 * Search for the smallest change of an input that changes the class (Croce and Hein 2020), as
 * lens/counterfactual.py.
 * @param {Network} network
 * @param {Float64Array} x
 * @param {number[]} wanted the classes to reach
 * @param {() => Promise<boolean>} [pause] awaited now and then, so that the page stays responsive;
 *   false ends the search
 * @param {Limits | null} [limits] by default those of a picture, black to white
 * @returns {Promise<Counterfactual | null>} null where none was found, which is no proof that there
 *   is none
 */
export async function counterfactual(network, x, wanted, pause = async () => true, limits = null) {
  const search = new Search(network, x, wanted, limits);
  const walk = async (/** @type {number} */ target, /** @type {number} */ tries) => {
    for (let i = 0; i < tries; i++) {
      if (i % 5 === 0 && !(await pause())) return false;
      search.step(target);
    }
    return true;
  };
  for (const target of wanted) {
    search.begin(target, "start");
    if (!(await walk(target, TRIES))) return null;
  }
  for (const target of search.nearest < 0 ? wanted : [search.nearest]) {
    for (const place of /** @type {const} */ (["climbed", "middle"])) {
      search.begin(target, place);
      if (!(await walk(target, TRIES / 2))) return null;
    }
  }
  return search.found();
}

/** The search in input neurons: u = x / scale. */
class Search {
  /**
   * @param {Network} network
   * @param {Float64Array} x
   * @param {number[]} wanted
   * @param {Limits | null} limits
   */
  constructor(network, x, wanted, limits) {
    this.scale = inputScale(network);
    const top = (/** @type {number} */ i) => (network.takesBytes ? Math.round(this.scale[i]) : 1);
    this.network = network;
    this.x = x;
    this.wanted = wanted;
    // The limits include the input itself, so that there is always a nearest point within them.
    this.start = x.map((value, i) => value / this.scale[i]);
    this.low = this.start.map((value, i) =>
      Math.min(limits ? limits.low[i] / this.scale[i] : 0, value),
    );
    this.high = this.start.map((value, i) =>
      Math.max((limits ? limits.high[i] : top(i)) / this.scale[i], value),
    );
    const last = network.layers.at(-1)?.type ?? "";
    this.layers = network.layers.slice(
      0,
      network.layers.length - Number(["Sigmoid", "Softmax", "LogSoftmax"].includes(last)),
    );
    /** @type {Float64Array} */
    this.u = this.start;
    this.length = Infinity;
    this.nearest = -1; // class of the best point
    /** @type {Float64Array} */
    this.best = this.start;
  }

  /**
   * Start at the input, or where a climb from it or from the middle of the limits ends.
   * @param {number} target
   * @param {"start" | "climbed" | "middle"} place
   */
  begin(target, place) {
    this.u = this.start;
    if (place === "middle") this.u = this.low.map((low, i) => (low + this.high[i]) / 2);
    if (place !== "start") this.u = this.climb(this.u, target);
  }

  /**
   * Go uphill in steps of equal length until the class changes, then back to the border on the way
   * to the input. Where sigmoids are saturated the linear model of `step` fails, but its slope
   * still points uphill.
   * @param {Float64Array} u
   * @param {number} target
   */
  climb(u, target) {
    let turned = this.turned(u);
    for (let i = 0; i < CLIMB && !turned; i++) {
      const { slope } = this.margin(u, target);
      const free = slope.map((one, k) =>
        (one > 0 ? u[k] < this.high[k] : u[k] > this.low[k]) ? one : 0,
      );
      const length = Math.max(Math.sqrt(free.reduce((sum, one) => sum + one * one, 0)), 1e-300);
      u = u.map((from, k) => this.within(from + free[k] / length, k));
      turned = this.turned(u);
    }
    return turned ? this.between(u, this.border(u, HALVINGS / 2)) : u;
  }

  /** Return a point between the input and u. @param {Float64Array} u @param {number} share */
  between(u, share) {
    return this.start.map((from, i) => from + share * (u[i] - from));
  }

  /**
   * Find by bisection where the class changes between the input and u, as a share of the way.
   * @param {Float64Array} u
   * @param {number} halvings
   */
  border(u, halvings) {
    let [low, high] = [0, 1];
    for (let i = 0; i < halvings; i++) {
      const middle = (low + high) / 2;
      [low, high] = this.turned(this.between(u, middle)) ? [low, middle] : [middle, high];
    }
    return high;
  }

  /** @param {number} target */
  step(target) {
    const { start, u } = this;
    const { value, slope } = this.margin(u, target);
    const here = this.project(u, slope, value, u);
    const origin = this.project(u, slope, value, start);
    const [near, far] = [distance(here, u), distance(origin, start)];
    const pull = Math.min(near / Math.max(near + far, 1e-300), PULL);
    const next = u.map((from, i) => {
      const [ahead, anew] = [
        from + OVERSHOOT * (here[i] - from),
        start[i] + OVERSHOOT * (origin[i] - start[i]),
      ];
      return this.within((1 - pull) * ahead + pull * anew, i);
    });
    const over = start.map((from, i) => this.within(from + HARDLY * (origin[i] - from), i));
    const turned = this.turned(next);
    if (turned) this.keep(next, target);
    if (this.turned(over)) this.keep(over, target);
    this.u = turned ? next.map((value, i) => (1 - BACK) * start[i] + BACK * value) : next;
  }

  /** @param {Float64Array} u @param {number} target */
  keep(u, target) {
    const length = distance(u, this.start);
    if (length < this.length) [this.length, this.best, this.nearest] = [length, u, target];
  }

  /** The best point, brought to the border. @returns {Counterfactual | null} */
  found() {
    if (!Number.isFinite(this.length)) return null;
    const x = this.row(this.between(this.best, this.border(this.best, HALVINGS)));
    const y = this.network.predict(x);
    const moves = x.map((value, i) => (value - this.x[i]) / this.scale[i]);
    const largest = moves.reduce((most, move) => Math.max(most, Math.abs(move)), 0);
    const changed = moves.filter((move) => Math.abs(move) > 0.01 * largest).length;
    const length = Math.hypot(...moves);
    const [after, confidence] = [this.network.choose(y), this.network.confidence(y)];
    return { x, moves, distance: length, largest, changed, after, confidence };
  }

  /** @param {number} value @param {number} i */
  within(value, i) {
    return Math.min(Math.max(value, this.low[i]), this.high[i]);
  }

  /** Return input neurons as an input; unmoved values keep their bits. @param {Float64Array} u */
  row(u) {
    const { low, high, scale, start, x } = this;
    return u.map((value, i) =>
      value === start[i]
        ? x[i]
        : Math.min(Math.max(value * scale[i], low[i] * scale[i]), high[i] * scale[i]),
    );
  }

  /** @param {Float64Array} u */
  turned(u) {
    return this.wanted.includes(this.network.classify(this.row(u)));
  }

  /**
   * Return the target's weighted sum less the highest other one, and the gradient of that by u.
   * @param {Float64Array} u
   * @param {number} target
   */
  margin(u, target) {
    const row = this.row(u);
    const trace = forward(this.layers, row);
    const y = trace.at(-1) ?? row;
    const dy = new Float64Array(y.length);
    if (y.length === 1) dy[0] = target === 1 ? 1 : -1;
    else [dy[target], dy[highest(y, target)]] = [1, -1];
    const slope = backward(this.layers, row, trace, dy).dx.map((value, i) => value * this.scale[i]);
    return { value: y.reduce((sum, one, k) => sum + one * dy[k], 0), slope };
  }

  /**
   * Return the nearest point within the limits where value + slope (point - u) >= 0; where there is
   * none, the corner that comes nearest. Moving along the slope, inputs stop one by one at their
   * limits, so the gain is piecewise linear, and Newton's method ends at the right piece (Python
   * finds it by sorting).
   * @param {Float64Array} u
   * @param {Float64Array} slope
   * @param {number} value
   * @param {Float64Array} point
   */
  project(u, slope, value, point) {
    const need = -(value + slope.reduce((sum, one, i) => sum + one * (point[i] - u[i]), 0));
    const size = slope.map((one) => (Math.abs(one) > 1e-100 ? Math.abs(one) : 0));
    const room = slope.map((one, i) =>
      one > 0 ? this.high[i] - point[i] : point[i] - this.low[i],
    );
    for (let s = 0; ;) {
      let [met, rest] = [0, 0];
      for (let i = 0; i < size.length; i++) {
        if (room[i] > s * size[i]) rest += size[i] * size[i];
        else met += size[i] * room[i];
      }
      const next = rest ? (need - met) / rest : Infinity;
      if (next > s) s = next;
      else return point.map((from, i) => this.within(size[i] ? from + s * slope[i] : from, i));
    }
  }
}

/**
 * Return the unit of each input neuron in the input's own units, as input_scale in
 * lens/input_limits.py.
 * @param {Network} network
 */
function inputScale({ layers, D }) {
  const scale = new Float64Array(D).fill(1);
  let places = Array.from(scale.keys()); // the inputs that are still numbers of their own
  for (const layer of alone(layers, 0)) {
    const { type, options, arrays } = layer;
    if (type === "Scale")
      scale.forEach((one, i) => (scale[i] = one / /** @type {any} */ (options).factor));
    else if (type === "Standardize") places.forEach((d, i) => (scale[d] *= arrays.std.data[i]));
    else if (type === "CategoryEmbedding")
      places = kept(layer); // it puts the others in front
    else if (type !== "Flatten" && type !== "Dropout" && type !== "Identity") break;
  }
  return scale.map(Math.abs);
}

/** Return the index of the highest y but one. @param {Float64Array} y @param {number} out */
function highest(y, out) {
  return y.reduce((best, value, k) => (k !== out && (best < 0 || value > y[best]) ? k : best), -1);
}

/** @param {Float64Array} a @param {Float64Array} b */
function distance(a, b) {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
}
