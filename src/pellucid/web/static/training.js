// Training by the server: orders go out, news comes in. A page has one trainer, which outlives the
// open panel.

import { Network } from "./network/network.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {{epoch: number, loss: number, accuracy: number, validation_loss: number,
 *   validation_accuracy: number}} Epoch
 * @typedef {{count: number, some: [string, number][]}} Neurons `some` of them, as [index of the
 *   activation layer, neuron]
 *
 * @typedef {object} News
 * @property {"play" | "pause" | "batch" | "epoch"} mode
 * @property {number} epoch
 * @property {number} batch within the epoch; 0 at its beginning
 * @property {number} batches
 * @property {number | null} loss of the epoch so far
 * @property {number | null} accuracy on what is held out
 * @property {number | null} held_loss loss on what is held out
 * @property {number} shown the epoch from which training continues
 * @property {number[]} kept epochs that can be gone back to
 * @property {{kind: string, en: string, ko: string}[]} [hints] in both languages
 * @property {boolean} diverged
 * @property {boolean} finished
 * @property {{dead: Neurons, saturated: Neurons}} quiet
 */

/**
 * @typedef {{at: number, loss: number | null, accuracy: number | null}} Point the network at some
 *   moment, on what is held out: `at` counts epochs, so that 0.5 is the middle of the first
 */

/**
 * @typedef {{rate: number, batch: number, pace: string, seed: number, hidden: string, activation:
 *   string, from: string, own: boolean}} Settings `own`: whether it trains on the reader's drawings,
 *   too, where the page trains by itself
 */

export const BATCHES = [1, 10, 32, 100, 500, 5000];
export const ACTIVATIONS = ["sigmoid", "relu", "tanh"];

/** Settings that a link holds: they repeat the same run. */
const IN_ADDRESS = /** @type {const} */ (["rate", "batch", "seed", "hidden", "activation"]);

export class Trainer {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.name = ""; // by which the server knows this page
    /** @type {Promise<void> | null} */
    this.connection = null;
    this.queue = Promise.resolve(); // done when the server has accepted the last order
    this.lost = false; // whether the server has stopped
    this.refusal = ""; // why the server refused the last order
    this.fresh = false; // whether the next network is the first of a run
    this.away = false; // whether the opened network is shown instead
    // whether the settings of a start are open: kept here, as views are made anew
    this.expanded = false;
    /** @type {News | null} */
    this.news = null;
    /** @type {Epoch[]} */
    this.records = [];
    /** @type {Point[]} */
    this.points = []; // from the untrained network on, several in each epoch
    const { neuronLayers } = page.base;
    const type = neuronLayers[1].activation?.type.toLowerCase() ?? "";
    /** @type {Settings} */
    this.usual = {
      rate: usualRate(page.base),
      batch: 100,
      pace: "slow",
      seed: 0,
      hidden: neuronLayers
        .slice(1, -1)
        .map(({ size }) => size)
        .join(),
      activation: ACTIVATIONS.includes(type) ? type : "sigmoid",
      from: "fresh",
      own: false,
    };
    /** @type {Settings} */
    this.settings = { ...this.usual, ...settingsIn(page.store.state.choices) };
  }

  /**
   * Change settings: rate, batch size and pace of the running training, the others of the next.
   * @param {Partial<Settings>} changes
   */
  set(changes) {
    Object.assign(this.settings, changes);
    if (this.news) this.order("set");
    for (const name of IN_ADDRESS)
      this.page.choose(
        name,
        this.settings[name] === this.usual[name] ? null : String(this.settings[name]),
      );
  }

  /** Pause, and show the network that the page was opened with. */
  async leave() {
    this.away = true;
    if (this.news) await this.order("pause");
    this.show(this.page.opened);
  }

  /** Start a run: with new weights, or with those of the shown network. */
  start() {
    this.fresh = true;
    return this.order("start");
  }

  /**
   * Send an order after those before it, or a play could overtake its start.
   * @param {string} what
   * @param {Record<string, number>} [more]
   */
  order(what, more = {}) {
    this.queue = this.queue.then(() => this.send(what, more));
    return this.queue;
  }

  /** @param {string} what @param {Record<string, number>} [more] @returns {Promise<void>} */
  async send(what, more = {}) {
    if (what !== "pause" && what !== "set") this.away = false;
    try {
      if (!this.name) await (this.connection ??= this.open());
      if (!this.news && !this.fresh) {
        this.fresh = true;
        await this.send("start");
      }
      const body =
        what === "start" && this.settings.from === "shown" ? this.page.network.toBytes() : null;
      const words = new URLSearchParams(
        Object.entries({ ...this.settings, ...more }).map(([name, value]) => [name, `${value}`]),
      );
      const response = await fetch(`learn/${this.name}/${what}?${words}`, {
        method: "POST",
        headers: { "accept-language": this.page.store.state.language },
        body: /** @type {BufferSource | null} */ (body),
      });
      this.lost = false;
      this.refusal = response.ok ? "" : await response.text();
    } catch {
      this.lost = true;
    }
    if (this.lost || this.refusal) this.page.store.set({});
  }

  /** @returns {Promise<void>} */
  open() {
    return new Promise((resolve, reject) => {
      const source = new EventSource("learn");
      const fail = () => {
        source.close();
        this.name = "";
        this.connection = null;
        this.lost = true;
        this.news = null;
        this.fresh = false;
        this.page.store.set({});
        reject(new Error("the server does not answer"));
      };
      source.onerror = fail;
      source.onmessage = ({ data }) => {
        const { name, ...news } = JSON.parse(data);
        if (name === undefined) return this.take(news);
        this.name = name;
        return name ? resolve() : fail();
      };
    });
  }

  /** @param {News & {first: number, records: Epoch[], weights: string | null}} news */
  take({ first, records, weights, ...news }) {
    const network = weights
      ? Network.read(Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)).buffer)
      : null;
    this.receive([...this.records.slice(0, first), ...records], first, news, network);
  }

  /**
   * @param {Epoch[]} records
   * @param {number} first the number of those that were known before
   * @param {News} news
   * @param {Network | null} network as it is now, where it has changed
   */
  receive(records, first, news, network) {
    const cut = this.fresh ? -1 : first < this.records.length ? first : Infinity;
    this.records = records;
    this.points = added(
      this.points.filter(({ at }) => at <= cut),
      news,
    );
    this.news = news;
    if (network && !this.away) this.show(network);
    else this.page.store.set({});
  }

  /** Show a network from the training, or the opened one. @param {Network} network */
  show(network) {
    const { page } = this;
    const { state } = page.store;
    if (sizes(network) !== sizes(page.base)) page.store.set({ neuron: null, pointed: null });
    if (this.fresh) page.first = network;
    if (this.fresh)
      page.store.set({
        edits: [],
        past: state.past.map((step) => ({ ...step, edits: [] })),
        future: [],
      });
    this.fresh = false;
    page.use(network);
  }
}

const MOST_POINTS = 800;

/**
 * Return the points with the one of the news: none where an earlier epoch is only looked at.
 * @param {Point[]} points
 * @param {News} news
 * @returns {Point[]}
 */
function added(points, { epoch, batch, batches, held_loss: loss, accuracy }) {
  const at = batches ? epoch - 1 + batch / batches : epoch;
  if (!batches && points.length) return points;
  const earlier = points.filter((point) => point.at < at);
  const kept =
    earlier.length < MOST_POINTS ? earlier : earlier.filter((_, i) => i === 0 || i % 2 === 1);
  return [...kept, { at, loss, accuracy }];
}

/**
 * Return a learning rate that suits the activations: sigmoids train with large steps, others
 * diverge.
 * @param {Network} network
 */
export function usualRate({ neuronLayers }) {
  return neuronLayers[1].activation?.type === "Sigmoid" ? 2 : 0.05;
}

/**
 * Return the valid settings among the choices of an address.
 * @param {Record<string, string>} choices
 * @returns {Partial<Settings>}
 */
export function settingsIn({ rate, batch, seed, hidden, activation }) {
  return {
    ...(Number(rate) > 0 && Number(rate) <= 1e6 ? { rate: Number(rate) } : {}),
    ...(BATCHES.includes(Number(batch)) ? { batch: Number(batch) } : {}),
    ...(/^\d{1,5}$/.test(seed ?? "") ? { seed: Number(seed) } : {}),
    ...(/^\d{1,3}(,\d{1,3}){0,3}$/.test(hidden ?? "") ? { hidden } : {}),
    ...(ACTIVATIONS.includes(activation) ? { activation } : {}),
  };
}

/** @param {Network} network */
function sizes({ neuronLayers }) {
  return neuronLayers.map(({ size }) => size).join();
}
