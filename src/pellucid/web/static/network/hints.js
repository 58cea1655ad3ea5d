// Hints while a network trains in the page, as training/hints.py finds them: what looks wrong in a
// run, by its losses, weights and activations. The texts are Python's (texts.js, `hintLine`).

import { Batches } from "./batches.js";
import { LAYERS } from "./layers.js";

/**
 * @typedef {import("./train.js").Run} Run
 * @typedef {{kind: string, epoch: number, values: Record<string, number | string>}} Hint
 * @typedef {{layer: string, activation: string, size: number, dead: number, saturated: number}}
 *   Neurons of a hidden layer of activations: how many are dead and saturated
 *
 * @typedef {object} Seen what a look at a run saw
 * @property {number} epoch
 * @property {number} steps
 * @property {number} rate
 * @property {number[]} losses of the epochs so far
 * @property {number} loss of a sample of rows
 * @property {number} constant the loss if each of them got the mean output
 * @property {number} moved relative change of the weights since the start
 * @property {number | null} size root mean square of the first weights' inputs
 * @property {Neurons[]} layers
 */

// The borders and their sources are in training/hints.py and core/flatness.py
const [PROBED, STEPS, EPOCHS] = [100, 100, 3];
const [LARGE, TINY] = [10, 0.01];
const [DEAD, HARMLESS, SATURATED, BAD] = [0.4, 0.1, 0.5, 0.5];
const [RISEN, NOTICED, THROWN] = [1.3, 0.1, 2];
const [MOVED, POOR, FLAT_LOSS] = [0.05, 0.8, 0.98];
const [FLAT, SHARE] = [0.05, 0.95];
const MOST_NAMED = 12; // neurons
const [ONE, BOUNDED] = [
  "ReLU GELU SiLU Softplus Tanh ELU Mish Hardswish Exponential".split(" "),
  ["Sigmoid", "Tanh"],
];
/** The steepest slope of each activation. @type {Record<string, number>} */
const STEEPEST = {
  ...Object.fromEntries(ONE.map((name) => [name, 1])),
  SELU: 1.0507009873554805,
  Sigmoid: 0.25,
};

/** Return the hints of a look, causes before what they cause. @param {Seen} seen @returns {Hint[]} */
export function found({ epoch, steps, rate, losses, loss, constant, moved, size, layers }) {
  /** @type {Hint[]} */
  const hints = [];
  const add = (/** @type {string} */ kind, /** @type {Hint["values"]} */ values) =>
    hints.push({ kind, epoch, values });
  if (size && !(TINY <= size && size <= LARGE)) add("unscaled", { size });
  if (steps < STEPS) return hints;
  const share = constant ? loss / constant : 0;
  for (const { layer, activation, size, dead, saturated } of layers) {
    const where = { size, layer, activation, rate };
    if (size > 1 && dead >= DEAD * size && share > HARMLESS) add("dead", { count: dead, ...where });
    else if (size > 1 && saturated >= SATURATED * size && share > BAD)
      add("saturated", { count: saturated, ...where });
  }
  const [least, last] = [Math.min(...losses), losses.at(-1) ?? 0];
  if (unsettled(losses, least, constant) || share > THROWN) add("rate-high", { least, last, rate });
  if (epoch < EPOCHS) return hints;
  if (moved < MOVED && share > POOR) add("rate-low", { epochs: epoch, moved, rate });
  else if (share > FLAT_LOSS) add("flat", { epochs: epoch, rate });
  return hints;
}

/** @param {number[]} losses @param {number} least @param {number} constant */
function unsettled(losses, least, constant) {
  const high = (/** @type {number} */ loss) =>
    loss > RISEN * least && loss - least > NOTICED * constant;
  return losses.length > 2 && losses.slice(-2).every(high);
}

/** Looks at a run after epochs, at first after each. Every kind of hint comes once. */
export class Watch {
  /** @param {Run} run before its first step */
  constructor(run) {
    this.run = run;
    this.begun = weightsOf(run).map((W) => W.slice());
    this.pass = new Batches(run.network.layers, run.network.D);
    this.last = 0; // epoch of the last look
    /** @type {Hint[]} */
    this.hints = [];
  }

  /** Forget the hints: what they spoke of was changed. */
  clear() {
    this.hints = [];
  }

  /** Look at the run where that is due. */
  afterEpoch() {
    const { epoch } = this.run;
    if (epoch < this.last) this.last = 0; // the training went back
    if (epoch - this.last < Math.min(8, Math.max(1, Math.floor(epoch / 2)))) return;
    this.last = epoch;
    for (const hint of found(this.look())) {
      const known = this.hints.some(({ kind }) => kind === hint.kind);
      // A flat loss is only news where nothing explains it
      if (known || (hint.kind === "flat" && this.hints.length)) continue;
      this.hints = [...this.hints, hint];
    }
  }

  /** Pass a sample of the rows through the network. @returns {Seen} */
  look() {
    const { run, pass } = this;
    const { samples, depth } = run;
    const [total, D, K] = [samples.t.length, pass.D, pass.widths[depth]];
    const N = Math.min(total, PROBED);
    const rows = Array.from({ length: N }, (_, i) =>
      N === total ? i : Math.floor(i * ((total - 1) / (N - 1))),
    );
    const x = new Float64Array(N * D);
    rows.forEach((row, i) => x.set(samples.x.subarray(row * D, (row + 1) * D), i * D));
    pass.forward(x, N);
    const z = pass.inputOf(depth);
    const mean = new Float64Array(K);
    for (let i = 0; i < N * K; i++) mean[i % K] += z[i] / N;
    let [loss, constant] = [0, 0];
    rows.forEach((row, i) => {
      const t = run.target(samples.t[row], K);
      loss += run.loss.value(z.subarray(i * K, (i + 1) * K), t) / N;
      constant += run.loss.value(mean, t) / N;
    });
    return {
      epoch: run.epoch,
      steps: run.epoch * run.batches,
      rate: run.optimizer.learningRate,
      losses: run.records.map((record) => record.loss),
      loss,
      constant,
      moved: this.moved(),
      size: sizeOf(pass, N),
      layers: hiddenOf(pass, N),
    };
  }

  /** Return the relative change of the weights. */
  moved() {
    let [change, start] = [0, 0];
    weightsOf(this.run).forEach((W, k) =>
      W.forEach((value, i) => {
        change += (value - this.begun[k][i]) ** 2;
        start += this.begun[k][i] ** 2;
      }),
    );
    return start ? Math.sqrt(change / start) : Infinity;
  }
}

/** The trained weights; biases begin at 0, and say little. @param {Run} run */
function weightsOf({ parameters }) {
  return parameters.filter(({ shape }) => shape.length > 1).map(({ data }) => data);
}

/** @param {import("./layers.js").Layer} layer */
const hasWeights = ({ type, arrays, layers }) =>
  Boolean(layers?.length) || LAYERS[type].params.some((name) => arrays[name]);

/** Return the root mean square of what the first weights are given, if an Affine's. @param {Batches} pass @param {number} N */
function sizeOf(pass, N) {
  const at = pass.layers.findIndex(hasWeights);
  if (pass.layers[at]?.type !== "Affine") return null;
  const x = pass.inputOf(at).subarray(0, N * pass.widths[at]);
  let [sum, largest] = [0, 0];
  for (const value of x) {
    sum += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  // Few ones among many zeros (categories) are no small inputs
  return largest >= TINY ? Math.sqrt(sum / x.length) : largest;
}

/** Count dead and saturated neurons of the hidden layers. @param {Batches} pass @param {number} N @returns {Neurons[]} */
function hiddenOf(pass, N) {
  return pass.layers.flatMap(({ type: activation }, at) => {
    if (!STEEPEST[activation] || !pass.layers.slice(at + 1).some(hasWeights)) return [];
    const shares = flatShares(pass, N, at);
    const bounded = BOUNDED.includes(activation);
    const dead = bounded ? 0 : shares.filter((share) => share === 1).length;
    const saturated = bounded ? shares.filter((share) => share >= SHARE).length : 0;
    return [{ layer: String(at), activation, size: shares.length, dead, saturated }];
  });
}

/** Return the share of the rows in which each neuron of an activation is flat. @param {Batches} pass @param {number} N @param {number} at */
function flatShares(pass, N, at) {
  const [layer, H] = [pass.layers[at], pass.widths[at + 1]];
  const [z, y, { slope }] = [pass.inputOf(at), pass.outputs[at], LAYERS[layer.type]];
  const limit = FLAT * STEEPEST[layer.type];
  const counts = new Array(H).fill(0);
  for (let i = 0; slope && i < N * H; i++)
    counts[i % H] += Number(Math.abs(slope(layer, z[i], y[i])) < limit);
  return counts.map((count) => count / N);
}

/**
 * Return dead and saturated neurons by [layer, neuron], after a pass of N rows. Outputs do not count
 * as saturated: a good prediction is near one of its ends.
 * @param {Batches} pass
 * @param {number} N
 */
export function quiet(pass, N) {
  /** @type {{dead: [string, number][], saturated: [string, number][]}} */
  const names = { dead: [], saturated: [] };
  pass.layers.forEach(({ type }, at) => {
    if (!STEEPEST[type]) return;
    const inner = at < pass.layers.length - 1;
    flatShares(pass, N, at).forEach((share, neuron) => {
      if (share === 1) names.dead.push([String(at), neuron]);
      else if (inner && BOUNDED.includes(type) && share >= SHARE)
        names.saturated.push([String(at), neuron]);
    });
  });
  const told = (/** @type {[string, number][]} */ all) => ({
    count: all.length,
    some: all.slice(0, MOST_NAMED),
  });
  return { dead: told(names.dead), saturated: told(names.saturated) };
}
