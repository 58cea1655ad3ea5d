// Training by the page itself, where there is no server: the orders and news of training.js, carried
// out on the digits that travel with the page.

import { collectionOf } from "./collection.js";
import { obstacle } from "./network/batches.js";
import { mlp } from "./network/build.js";
import { Watch, quiet } from "./network/hints.js";
import { Run } from "./network/train.js";
import { markTrained, partsOf } from "./heldout.js";
import { breather } from "./later.js";
import { hintLine } from "./texts.js";
import { Trainer, settingsIn } from "./training.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./network/network.js").Network} Network
 * @typedef {import("./network/layers.js").Layer} Layer
 * @typedef {import("./network/train.js").Samples} Samples
 * @typedef {import("./network/train.js").Snapshot} Snapshot
 */

const PERIOD = 200; // least milliseconds between two pieces of news
const MOST_EPOCHS = 1000; // as the server
const SLOW = 20; // batches a second
const MOMENTUM = 0.9; // as the server

export class TrainerHere extends Trainer {
  /** @param {Page} page */
  constructor(page) {
    super(page);
    // Of so few digits small batches make enough steps; the rates were tried (docs/page.md).
    const rate = page.base.neuronLayers[1].activation?.type === "Sigmoid" ? 1 : 0.02;
    this.usual = { ...this.usual, rate, batch: 10 };
    this.settings = { ...this.usual, ...settingsIn(page.store.state.choices) };
    /** @type {Run | null} */
    this.run = null;
    /** @type {Watch | null} */
    this.watch = null;
    /** @type {Map<number, Snapshot>} */
    this.kept = new Map();
    /** @type {"play" | "pause" | "batch" | "epoch"} */
    this.mode = "pause";
    this.going = false; // whether `train` is at work
    this.onOwn = false; // whether the run has the reader's drawings
    this.shownEpoch = 0;
    /** @type {import("./network/train.js").Epoch[] | null} epochs after the shown one */
    this.later = null;
    this.published = 0; // when the last news were
  }

  /** @param {string} what @param {Record<string, number>} [more] @returns {Promise<void>} */
  async send(what, more = {}) {
    if (what !== "pause" && what !== "set") this.away = false;
    this.refusal = "";
    if (what === "start" || (!this.run && what !== "set")) this.begin();
    const { run } = this;
    if (!run) return this.page.store.set({});
    run.optimizer.learningRate = this.settings.rate;
    run.batchSize = this.settings.batch;
    if (what === "show") this.goTo(more.epoch);
    else if (what === "play" || what === "batch" || what === "epoch") {
      this.mode = what;
      if (!this.going) this.train(run);
    } else if (what === "pause") this.mode = "pause";
    this.publish();
  }

  /** Begin a run: with new weights, or with those of the shown network. */
  begin() {
    const { page, settings } = this;
    this.mode = "pause";
    const shown = settings.from === "shown";
    const other = shown ? obstacle(page.network.layers) : null;
    if (other) {
      this.refusal = page.t("learn.here.layer", { name: other });
      this.run = null;
      return;
    }
    const network = shown ? page.network.copy() : newNetwork(settings);
    network.record = {}; // it describes another training
    const { training, held } = partsOf(page);
    const own = settings.own ? collectionOf(page).drawings : [];
    this.onOwn = own.length > 0;
    const [samples, others] = [[...training, ...own], held].map((digits) =>
      samplesOf(network, digits),
    );
    const optimizer = { name: "sgd", learningRate: settings.rate, momentum: MOMENTUM };
    const { batch: batchSize, seed } = settings;
    this.run = new Run(network, samples, others, optimizer, { batchSize, seed });
    this.watch = new Watch(this.run);
    this.kept = new Map([[0, this.run.snapshot()]]);
    this.shownEpoch = 0;
    this.fresh = true;
  }

  /** Go back to an epoch. @param {number} epoch */
  goTo(epoch) {
    const snapshot = this.kept.get(epoch);
    if (!this.run || !snapshot) return;
    this.mode = "pause";
    this.shownEpoch = epoch;
    const { records } = this.run;
    this.run.restore(snapshot);
    this.later = records; // the curve stays until training goes on from here
  }

  /** Train in slices until it is paused. @param {Run} run */
  async train(run) {
    this.going = true;
    this.later = null; // they are replaced
    for (const epoch of this.kept.keys()) if (epoch > run.epoch) this.kept.delete(epoch);
    const pause = breather();
    while (this.mode !== "pause" && this.run === run && run.epoch < MOST_EPOCHS) {
      const [ended, { batches }] = [run.trainBatch(), run];
      if (run.diverged) this.mode = "pause";
      else if (ended) {
        this.kept.set(run.epoch, run.snapshot());
        this.watch?.afterEpoch();
        this.shownEpoch = run.epoch;
        if (this.mode === "epoch") this.mode = "pause";
      }
      if (this.mode === "batch") this.mode = "pause";
      if (performance.now() - this.published > PERIOD) this.publish();
      const { pace } = this.settings;
      if (this.mode === "play" && pace !== "full")
        await new Promise((done) =>
          setTimeout(done, pace === "slow" ? 1000 / SLOW : 1000 / batches),
        );
      else await pause();
    }
    this.going = false;
    if (this.run !== run) return;
    this.mode = "pause";
    this.publish();
  }

  /** Tell the page where the training is, and show its network. */
  publish() {
    const { run } = this;
    const { facts } = this.page;
    if (!run?.held) return;
    this.published = performance.now();
    const records = (this.later ?? run.records).slice();
    const ended = run.batch === 0;
    const held = run.evaluate(run.held);
    // At the end of an epoch its last batch is named, as by the server; after going back none is.
    const { batches } = run;
    const named = !ended || (run.epoch > 0 && !this.later);
    const network = run.network.copy();
    markTrained(network, this.onOwn);
    /** @type {import("./training.js").News} */
    const news = {
      mode: this.mode,
      epoch: ended ? run.epoch : run.epoch + 1,
      batch: named ? (ended ? batches : run.batch) : 0,
      batches: named ? batches : 0,
      loss: ended ? (run.records.at(-1)?.loss ?? null) : run.lossSoFar,
      accuracy: held.accuracy,
      held_loss: held.loss,
      shown: this.shownEpoch,
      kept: [...this.kept.keys()],
      diverged: run.diverged,
      finished: run.epoch >= MOST_EPOCHS,
      quiet: quiet(run.evaluation, run.held.t.length), // after the pass of `evaluate`
      hints: this.watch?.hints.map((hint) => ({
        kind: hint.kind,
        en: hintLine(facts.hints, "en", hint),
        ko: hintLine(facts.hints, "ko", hint),
      })),
    };
    this.receive(records, Math.min(this.records.length, records.length), news, network);
  }
}

/** Build the network of a fresh start, as the server does. @param {import("./training.js").Settings} settings */
function newNetwork({ hidden, activation, seed }) {
  const sizes = hidden.split(",").filter(Boolean).map(Number);
  const output = activation === "sigmoid" ? "sigmoid" : "softmax";
  /** @type {Layer[]} */
  const front = [
    { type: "Flatten", options: {}, arrays: {} },
    { type: "Scale", options: { factor: Math.fround(1 / 255) }, arrays: {} },
  ];
  return mlp([784, ...sizes, 10], activation, output, seed, front);
}

/** @param {Network} network @param {{label: number, pixels: Uint8Array}[]} digits @returns {Samples} */
function samplesOf({ takesBytes }, digits) {
  const size = digits[0].pixels.length;
  const x = new Float64Array(digits.length * size);
  digits.forEach(({ pixels }, i) => x.set(pixels, i * size));
  return {
    x: takesBytes ? x : x.map((value) => value / 255),
    t: Int32Array.from(digits, ({ label }) => label),
  };
}
