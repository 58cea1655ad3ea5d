// The address and the browser's history: the state writes them, and Back, Forward and links set the
// state.

import { addressOf, readAddress } from "./address.js";
import { fits } from "./network/edits.js";
import { plays } from "./state.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./state.js").State} State
 */

// milliseconds without a change: browsers limit how often an address may change
const ADDRESS_DELAY = 300;

export class Navigation {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.timer = 0;
    this.place = ""; // the place of the current history entry
    this.moving = false; // between "popstate" and the "hashchange" that follows it
    // A frame shares its history with the page around it, where Back must not be ours.
    this.ownsHistory = window === window.parent;
  }

  /** Follow Back, Forward and typed addresses from now on. */
  start() {
    this.place = placeOf(this.page.store.state);
    if (this.ownsHistory) history.replaceState({ pellucid: true }, "");
    addEventListener("popstate", ({ state }) => state?.pellucid && this.restorePlace());
    addEventListener("hashchange", () => {
      if (!this.moving) this.restoreAll();
      this.moving = false;
    });
  }

  /**
   * Back or Forward: set panel, neuron, member and step only, since drawing and edits have an undo of their
   * own.
   */
  restorePlace() {
    const { store } = this.page;
    const usual = this.page.defaults().playground;
    const found = this.read();
    const { panel = null, neuron = null, step = null, input, target = null } = found;
    const { playground = usual, member = null } = found;
    this.moving = true;
    const turned = step !== store.state.step && step !== null && input;
    store.set({ panel, neuron, member, step, playground, ...(turned ? { input, target } : {}) });
    this.place = placeOf(store.state);
    setTimeout(() => (this.moving = false)); // no "hashchange" follows an unchanged address
  }

  /** A typed address: set everything that it names, and the defaults elsewhere. */
  restoreAll() {
    const { page } = this;
    page.types = ""; // rebuilds the views: panels read the address when they are made
    page.store.set({ ...page.defaults(), ...this.read() });
  }

  /** Return the state in the address, as far as it fits this network. @returns {Partial<State>} */
  read() {
    const { page } = this;
    const { digit, ...found } = readAddress(location.hash, page.D);
    if (digit !== undefined && page.digits.length) found.input = page.testDigit(digit);
    if (found.member !== undefined && !page.members[found.member ?? -1]) delete found.member;
    const base = page.baseOf(found.member ?? null);
    const layer = found.neuron && base.neuronLayers[found.neuron.layer];
    const chosen = found.neuron;
    const pixel = page.pictures && chosen?.layer === 0;
    if (chosen && !(layer && (chosen.layer || pixel) && chosen.index < layer.size))
      delete found.neuron;
    if (found.edits) found.edits = found.edits.filter((edit) => fits(base, edit));
    if (!found.step) return found;
    const lesson = page.lesson(found.step);
    return { ...lesson, ...found, step: lesson.step };
  }

  /**
   * Bring the address up to date: at once where the place is new, else after a pause.
   * @param {State} state
   */
  update(state) {
    clearTimeout(this.timer);
    if (placeOf(state) !== this.place) this.write();
    else this.timer = window.setTimeout(() => this.write(), ADDRESS_DELAY);
  }

  write() {
    const { store, pictures, preferred } = this.page;
    const address = addressOf(store.state, pictures, preferred);
    const place = placeOf(store.state);
    const entry = this.ownsHistory && place !== this.place;
    this.place = place;
    if (address === location.hash) return;
    const url = location.href.split("#")[0] + address;
    if (entry) history.pushState({ pellucid: true }, "", url);
    else history.replaceState({ pellucid: true }, "", url);
  }
}

/**
 * What is open, as a string: each new one is an entry of the history. Moving from neuron to neuron
 * is not, or Back would retrace every neuron.
 * @param {State} state
 */
function placeOf({ panel, neuron, member, step, playground }) {
  return [panel, neuron !== null, member, step, plays({ playground })].join();
}
