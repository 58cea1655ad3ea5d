// One playground: the training, what it began with, and the steps that undo goes back.

import { LIVE, optimizerOf, readWord, withData, wordOf } from "./setup.js";
import { Trial, bestData, inFloat64 } from "./trial.js";

/**
 * @typedef {import("./setup.js").Setup} Setup
 * @typedef {import("./setup.js").Point} Point
 * @typedef {import("./trial.js").Start} Start
 * @typedef {import("../network/network.js").Network} Network
 * @typedef {import("../network/train.js").Snapshot} Snapshot
 * @typedef {Start & {snapshot: Snapshot, changed: boolean}} Step
 */

const LONGEST_PAST = 100;

export class Session {
  /**
   * @param {string} word of the address
   * @param {Start["opened"]} [opened]
   */
  constructor(word, opened = null) {
    const { setup, points, epoch } = readWord(word);
    /** @type {Start} */
    this.start = { setup, own: points, opened };
    if (opened) {
      const chosen = word ? setup : withData(setup, bestData(opened.network, setup));
      this.start.setup = { ...chosen, hidden: hiddenOf(opened.network) };
    }
    /** @type {Step[]} */
    this.past = [];
    /** @type {Step[]} */
    this.future = [];
    this.trial = new Trial(this.start);
    /** @type {[number, number]} the place whose numbers the neurons show */
    this.cursor = [this.view[0], this.view[1]];
    this.goal = epoch; // an epoch that a link trains to
  }

  get setup() {
    return this.start.setup;
  }

  get run() {
    return this.trial.run;
  }

  get network() {
    return this.run.network;
  }

  /** The layers of neurons. */
  get places() {
    return this.trial.places;
  }

  /** Centre and half the width of the square that is shown. */
  get view() {
    return this.trial.view;
  }

  /** Whether there are training points of both classes. */
  get trainable() {
    const { t } = this.trial.training;
    return t.includes(0) && t.includes(1);
  }

  /** Begin a training anew. */
  begin() {
    this.trial = new Trial(this.start);
    this.goal = 0;
    const [cx, cy, half] = this.view;
    const [x, y] = this.cursor;
    if (Math.max(Math.abs(x - cx), Math.abs(y - cy)) > half) this.cursor = [cx, cy];
  }

  /** Remember the present state, to which undo returns. */
  remember() {
    this.past = [...this.past, this.step()].slice(-LONGEST_PAST);
    this.future = [];
  }

  /** @returns {Step} */
  step() {
    return { ...this.start, snapshot: this.run.snapshot(), changed: this.trial.changed };
  }

  undo() {
    const step = this.past.at(-1);
    if (!step) return;
    this.future = [this.step(), ...this.future];
    this.past = this.past.slice(0, -1);
    this.restore(step);
  }

  redo() {
    const [step, ...future] = this.future;
    if (!step) return;
    this.past = [...this.past, this.step()];
    this.future = future;
    this.restore(step);
  }

  /** @param {Step} step */
  restore({ snapshot, changed, ...start }) {
    this.start = start;
    this.begin();
    this.run.restore(snapshot);
    this.trial.changed = changed;
  }

  /**
   * Change settings. Those of a running training act on it; all others begin a new one.
   * @param {Partial<Setup>} changes
   */
  set(changes) {
    this.remember();
    const setup = { ...this.setup, ...changes };
    const names = Object.keys(changes);
    const rebuilt = names.some((name) => ["hidden", "activation", "seed"].includes(name));
    this.start = { ...this.start, setup, ...(rebuilt ? { opened: null } : {}) };
    if (!names.every((name) => LIVE.includes(name))) return this.begin();
    this.run.optimizer = optimizerOf(setup);
    this.run.batchSize = setup.batch;
    this.trial.watch.clear();
    this.trial.changed ||= this.run.step > 0;
  }

  /** Set own points, and train on them. @param {Point[]} own */
  setPoints(own) {
    this.remember();
    this.start = { ...this.start, own, setup: withData(this.setup, "own") };
    this.begin();
  }

  /** Go back to the first weights. */
  rewind() {
    this.remember();
    this.begin();
  }

  /**
   * Set one number of the network.
   * @param {number} L a neuron layer
   * @param {"W" | "b"} name
   * @param {number} index
   * @param {number} value
   */
  setNumber(L, name, index, value) {
    const tensor = this.places[L].affine?.arrays[name];
    if (!tensor) return;
    this.remember();
    tensor.data[index] = value;
    this.run.diverged = false;
    this.trial.fresh = false;
    this.trial.changed = true;
  }

  /** Begin with the weights of a file. @param {Network} network @param {string} file */
  open(network, file) {
    this.remember();
    const setup = { ...this.setup, hidden: hiddenOf(network) };
    this.start = { ...this.start, setup, opened: { network: inFloat64(network), file } };
    this.begin();
  }

  trainBatch() {
    if (this.run.trainBatch() && !this.run.diverged) this.trial.watch.afterEpoch();
    this.trial.fresh = false;
  }

  trainEpoch() {
    do this.trainBatch();
    while (this.run.batch && !this.run.diverged);
  }

  /**
   * Return the word of the address.
   * @param {boolean} [trained] whether a link is to train as far as this training is
   */
  word(trained = false) {
    const repeats = trained && !this.trial.changed && !this.start.opened;
    return wordOf(this.setup, this.start.own, repeats ? this.run.epoch : 0);
  }
}

/** @param {Network} network */
function hiddenOf({ neuronLayers }) {
  return neuronLayers.slice(1, -1).map(({ size }) => size);
}
