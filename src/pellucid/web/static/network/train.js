// Training in float64, as training/run.py with the reference engine: the same rows in the same
// batches, so from the same weights the same numbers to rounding.

import { Batches } from "./batches.js";
import { LOSSES, lossOf } from "./losses.js";
import { memoryOf, update } from "./optimizers.js";
import { epochOrder } from "./random.js";

/**
 * @typedef {import("./network.js").Network} Network
 * @typedef {import("./optimizers.js").Optimizer} Optimizer
 *
 * @typedef {object} Samples
 * @property {Float64Array} x inputs, row by row
 * @property {Int32Array} t the class of each row
 *
 * @typedef {object} Epoch
 * @property {number} epoch
 * @property {number} loss
 * @property {number} accuracy
 * @property {number} validation_loss NaN where nothing is held out
 * @property {number} validation_accuracy
 *
 * @typedef {object} Snapshot what decides how a training goes on
 * @property {Float64Array[]} arrays
 * @property {Float64Array[][]} memory
 * @property {number} step
 * @property {number} epoch
 * @property {number} batch
 * @property {number} size of the batches in the epoch under way
 * @property {{loss: number, right: number, rows: number}} sums of the epoch so far
 * @property {Epoch[]} records
 */

export class Run {
  /**
   * @param {Network} network trained in place
   * @param {Samples} samples
   * @param {Samples | null} held rows to evaluate after each epoch
   * @param {Optimizer} optimizer
   * @param {{batchSize: number, seed: number}} settings
   */
  constructor(network, samples, held, optimizer, { batchSize, seed }) {
    this.network = network;
    this.samples = samples;
    this.held = held;
    this.optimizer = optimizer;
    this.batchSize = batchSize; // a new one acts from the next epoch on
    this.seed = seed;
    const { D, layers } = network;
    this.pass = new Batches(layers, D);
    this.evaluation = new Batches(layers, D);
    this.loss = LOSSES[lossOf(layers.at(-1)?.type)];
    this.depth = layers.length - Number(this.loss.ends.includes(layers.at(-1)?.type ?? ""));
    this.parameters = this.pass.parameters.map(({ tensor }) => tensor);
    this.memory = memoryOf(this.parameters, optimizer);
    this.step = 0; // of the optimizer
    this.epoch = 0; // that is done
    this.batch = 0; // within the next one
    this.size = batchSize; // in the epoch under way
    this.sums = { loss: 0, right: 0, rows: 0 };
    /** @type {Epoch[]} */
    this.records = [];
    this.diverged = false;
    this.order = new Int32Array(0);
    this.x = new Float64Array(0); // of a batch
    this.before = this.snapshot();
  }

  /** The number of batches in the epoch under way, or in the next one. */
  get batches() {
    return Math.ceil(this.samples.t.length / (this.batch ? this.size : this.batchSize));
  }

  /** The mean loss of the epoch so far; NaN at its beginning. */
  get lossSoFar() {
    return this.sums.loss / this.sums.rows;
  }

  /**
   * Train on one batch; return whether it ended an epoch. Where a number stops being finite the
   * weights become those of before this epoch, as in Python, and `diverged` is set.
   */
  trainBatch() {
    if (this.diverged) return true;
    if (!this.batch) this.begin();
    const start = this.batch * this.size;
    const rows = this.order.subarray(start, start + this.size);
    const loss = this.gradients(rows);
    if (Number.isFinite(loss))
      update(this.parameters, this.pass.grads, this.memory, ++this.step, this.optimizer);
    else return this.stop();
    this.sums.loss += loss * rows.length;
    this.sums.rows += rows.length;
    this.batch++;
    return this.batch < this.batches ? false : this.end();
  }

  /** Train until the end of the epoch. */
  trainEpoch() {
    while (!this.trainBatch());
  }

  begin() {
    this.size = this.batchSize;
    this.order = epochOrder(this.seed, this.epoch + 1, this.samples.t.length);
    this.sums = { loss: 0, right: 0, rows: 0 };
    this.before = this.snapshot();
  }

  /** Compute loss and gradients of a batch. @param {Int32Array} rows */
  gradients(rows) {
    const { pass, samples, depth, loss } = this;
    const [N, D, K] = [rows.length, pass.D, pass.widths[depth]];
    if (this.x.length < this.size * D) this.x = new Float64Array(this.size * D);
    rows.forEach((row, i) => this.x.set(samples.x.subarray(row * D, (row + 1) * D), i * D));
    pass.forward(this.x, N);
    const [z, slopes] = [pass.inputOf(depth), pass.slopeOf(depth - 1, N)];
    let total = 0;
    for (let i = 0; i < N; i++) {
      const [own, t] = [z.subarray(i * K, (i + 1) * K), this.target(samples.t[rows[i]], K)];
      total += loss.value(own, t);
      const slope = loss.gradient(own, t);
      for (let k = 0; k < K; k++) slopes[i * K + k] = slope[k] / N;
      this.sums.right += Number(this.network.choose(this.output(pass, i)) === samples.t[rows[i]]);
    }
    pass.backward(N, depth);
    return total / N;
  }

  /** Return a class as a target: a 1 at its place. @param {number} label @param {number} K */
  target(label, K) {
    if (K === 1) return [label];
    const t = new Float64Array(K);
    t[label] = 1;
    return t;
  }

  /** The output of a row. @param {Batches} pass @param {number} row */
  output(pass, row) {
    const K = pass.widths.at(-1) ?? 0;
    return pass.y.subarray(row * K, (row + 1) * K);
  }

  /** End an epoch: record and evaluate it. */
  end() {
    if (!this.parameters.every(({ data }) => data.every(Number.isFinite))) return this.stop();
    this.epoch++;
    this.batch = 0;
    const { loss, right, rows } = this.sums;
    const held = this.held ? this.evaluate(this.held) : { loss: NaN, accuracy: NaN };
    this.records.push({
      epoch: this.epoch,
      loss: loss / rows,
      accuracy: right / rows,
      validation_loss: held.loss,
      validation_accuracy: held.accuracy,
    });
    return true;
  }

  /** Go back to before the epoch in which a number stopped being finite. */
  stop() {
    this.restore(this.before);
    this.diverged = true;
    return true;
  }

  /** Return mean loss and accuracy of rows. @param {Samples} samples */
  evaluate({ x, t }) {
    const { evaluation, depth, loss } = this;
    const K = evaluation.widths[depth];
    evaluation.forward(x, t.length);
    const z = evaluation.inputOf(depth);
    let [total, right] = [0, 0];
    t.forEach((label, i) => {
      total += loss.value(z.subarray(i * K, (i + 1) * K), this.target(label, K));
      right += Number(this.network.choose(this.output(evaluation, i)) === label);
    });
    return { loss: total / t.length, accuracy: right / t.length };
  }

  /** @returns {Snapshot} */
  snapshot() {
    return {
      arrays: this.parameters.map(({ data }) => data.slice()),
      memory: this.memory.map((one) => one.map((array) => array.slice())),
      step: this.step,
      epoch: this.epoch,
      batch: this.batch,
      size: this.size,
      sums: { ...this.sums },
      records: this.records.slice(),
    };
  }

  /** Go to where the training was. @param {Snapshot} snapshot */
  restore({ arrays, memory, records, sums, ...place }) {
    this.parameters.forEach(({ data }, i) => data.set(arrays[i]));
    this.memory = memory.map((one) => one.map((array) => array.slice()));
    Object.assign(this, place, { sums: { ...sums }, records: records.slice(), diverged: false });
    if (this.batch) this.order = epochOrder(this.seed, this.epoch + 1, this.samples.t.length);
  }
}
