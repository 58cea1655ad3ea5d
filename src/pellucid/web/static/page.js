// Page: what views are given. It binds resources, state, network and language, and shows the views.

import { addressOf, readAddress } from "./address.js";
import { h } from "./dom.js";
import { STEPS } from "./lesson.js";
import { looking, remembered } from "./look.js";
import { edited, fits } from "./network/edits.js";
import { Network } from "./network/network.js";
import { Store, stepped } from "./state.js";
import { translator } from "./texts.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./look.js").Look} Look
 * @typedef {{element: HTMLElement, render: (look: Look, before: Look | null) => void}} View `before` is the look that
 *   it showed last; null the first time
 */

const EXAMPLE = 500; // the test digit that the page begins with, as the lesson does
const ADDRESS_REST = 300; // milliseconds without a change before the address follows: browsers limit how often it may

export class Page {
  /** @param {import("./resources.js").Resources} resources */
  constructor({ facts, model, digits }) {
    this.facts = facts;
    this.digits = digits;
    this.base = Network.read(model);
    this.opened = this.base;
    this.edited = remembered(edited);
    this.pictures = facts.shape !== null;
    this.seeing = looking(facts.shape);
    this.peeking = looking(facts.shape);
    this.preferred = navigator.language.startsWith("ko") ? "ko" : "en";
    this.store = new Store(this.begin());
    this.t = translator(this.store.state.language);
    /** @type {View[]} */
    this.views = [];
    /** @type {Look | null} */
    this.shown = null;
    this.timer = 0;
    this.drawing = false; // whether a stroke is being drawn
    this.store.listen((state, before) => this.changed(state, before));
    this.place = placeOf(this.store.state); // what Back undoes
    this.walked = false;
    // In a frame the history belongs to whatever holds it: there Back must not be ours.
    this.walks = window === window.parent;
    if (this.walks) history.replaceState({ pellucid: true }, "");
    addEventListener("popstate", ({ state }) => state?.pellucid && this.walk());
    addEventListener("hashchange", () => {
      if (!this.walked) {
        this.types = ""; // what panels show within is read from the address as they are made
        this.store.set({ ...this.blank(), ...this.read() });
      }
      this.walked = false;
    });
  }

  /** Back or Forward: panel, neuron and step become those of that address; the drawing and the edits stay, undo is theirs. */
  walk() {
    const { panel = null, neuron = null, step = null, input, target = null } = this.read();
    this.walked = true; // the event "hashchange" that follows has nothing to add
    const turned = step !== this.store.state.step && step !== null && input;
    this.store.set({ panel, neuron, step, ...(turned ? { input, target } : {}) });
    this.place = placeOf(this.store.state);
    setTimeout(() => (this.walked = false));
  }

  /** The network that runs: the base with the edits. */
  get network() {
    return this.edited(this.base, this.store.state.edits);
  }

  /** What is seen of the state as it is now. @returns {Look} */
  look() {
    return this.seeing(this.store.state, this.network, this.base);
  }

  /** What would be seen of another state; what is shown stays as it is. @param {State} state */
  peek(state) {
    return this.peeking(
      state,
      state.edits === this.store.state.edits ? this.network : edited(this.base, state.edits),
    );
  }

  /** Begin with views: `build` makes them, in the page's language; it is called again when that changes. @param {(page: Page) => View[]} build */
  show(build) {
    this.build = build;
    this.dress();
    this.rebuild();
  }

  /** Number of inputs. */
  get D() {
    return this.base.D;
  }

  /** @returns {State} */
  begin() {
    const kept = recall();
    return {
      ...this.blank(),
      language: kept.language ?? /** @type {"en" | "ko"} */ (this.preferred),
      theme: kept.theme ?? "system",
      ...this.read(),
      past: [],
      future: [],
      pointed: null,
    };
  }

  /** What an address says that says nothing. */
  blank() {
    return {
      edits: [],
      input: this.example(),
      brightness: 100,
      centring: true,
      neuron: null,
      panel: null,
      step: null,
      target: null,
      choices: {},
      hidden: [],
    };
  }

  /** What the page begins with: a test digit where there are any, so that there is something to see. @returns {import("./state.js").Input} */
  example() {
    const known = this.digits.find(({ index }) => index === EXAMPLE);
    if (known) {
      const { pixels: values, index, label } = known;
      return { values, source: { kind: "test", index, label, example: true } };
    }
    const values = this.pictures ? new Uint8Array(this.D) : this.facts.start;
    return { values, source: { kind: "drawn" } };
  }

  /** Show a test digit: at once where it is here, else when the server has sent it. @param {number} index */
  async digit(index) {
    const { store } = this;
    const known = this.digits.find((digit) => digit.index === index) ?? (await this.fetched(index));
    if (known) this.input(known.pixels, { kind: "test", index, label: known.label });
    else if (this.pictures) this.input(new Uint8Array(this.D), { kind: "missing", index });
    store.set({});
  }

  /** A test digit that the server has: its label and its pixels, a byte each. @param {number} index */
  async fetched(index) {
    if (!this.facts.server || !this.digits.length) return null;
    const answer = await fetch(`digit/${index}`).catch(() => null);
    if (!answer?.ok) return null;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { index, label: bytes[0], pixels: bytes.slice(1) };
  }

  /** A test digit that an address asks for comes later; what was drawn meanwhile stays. @param {number} index */
  async completed(index) {
    const known = await this.fetched(index);
    const { source } = this.store.state.input;
    if (!known || source.kind !== "missing" || source.index !== index) return;
    this.store.set({
      input: { values: known.pixels, source: { kind: "test", index, label: known.label } },
    });
  }

  /** Remember what is set within a panel, for the address; null where it is as at first. @param {string} name @param {string | null} value */
  choose(name, value) {
    const choices = { ...this.store.state.choices };
    if (value === null) delete choices[name];
    else choices[name] = value;
    this.store.set({ choices });
  }

  /** What the address says, as far as it fits this network. @returns {Partial<State>} */
  read() {
    const { digit, ...found } = readAddress(location.hash, this.D);
    const known = this.digits.find(({ index }) => index === digit);
    if (known)
      found.input = {
        values: known.pixels,
        source: { kind: "test", index: known.index, label: known.label },
      };
    else if (digit !== undefined && this.digits.length) {
      found.input = { values: new Uint8Array(this.D), source: { kind: "missing", index: digit } };
      this.completed(digit);
    }
    const place = found.neuron && this.base.neuronLayers[found.neuron.layer];
    if (found.neuron && !(place && found.neuron.layer > 0 && found.neuron.index < place.size))
      delete found.neuron;
    if (found.edits) found.edits = found.edits.filter((edit) => fits(this.base, edit));
    return found.step
      ? { ...this.lesson(found.step), ...found, step: this.lesson(found.step).step }
      : found;
  }

  /** What a step of the lesson shows; nothing where there is no such step. @param {number} number from 1 @returns {Partial<State>} */
  lesson(number) {
    const step = STEPS[number - 1];
    const known = step && this.digits.find(({ index }) => index === step.digit);
    if (!known) return { step: null };
    const { pixels: values, index, label } = known;
    const neurons = this.base.neuronLayers;
    const layer = step.neuron ? Math.min(step.neuron[0], neurons.length - 1) : 0;
    return {
      input: { values, source: { kind: "test", index, label } },
      target: null,
      neuron: step.neuron
        ? { layer, index: Math.min(step.neuron[1], neurons[layer].size - 1) }
        : null,
      panel: step.panel ?? null,
      step: number,
    };
  }

  /** A new input, which can be undone. @param {ArrayLike<number>} values @param {import("./state.js").Source} source */
  input(values, source) {
    const target = Array.prototype.some.call(values, (value) => value)
      ? this.store.state.target
      : null;
    this.store.set({ ...stepped(this.store.state, { input: { values, source } }), target });
  }

  /** Other edits, which can be undone. @param {import("./network/edits.js").Edit[]} edits */
  edit(edits) {
    this.store.set(stepped(this.store.state, { edits }));
  }

  /** Let another network be the base: one that was loaded, or that learned. @param {Network} network */
  use(network) {
    this.base = network;
    this.store.set({});
  }

  /** @param {State} state @param {State} before */
  changed(state, before) {
    const [spoken, themed] = [state.language !== before.language, state.theme !== before.theme];
    if (spoken || themed) keep(state);
    if (spoken || themed || state.hidden !== before.hidden) this.dress();
    if (state.language !== before.language || typesOf(this.network) !== this.types) this.rebuild();
    else this.render();
    clearTimeout(this.timer);
    if (placeOf(state) !== this.place) this.writeAddress();
    else this.timer = window.setTimeout(() => this.writeAddress(), ADDRESS_REST);
  }

  writeAddress() {
    const address = addressOf(this.store.state, this.pictures, this.preferred);
    const place = placeOf(this.store.state);
    const steps = this.walks && place !== this.place;
    this.place = place;
    if (address === location.hash) return;
    const [data, url] = [{ pellucid: true }, location.href.split("#")[0] + address];
    if (steps) history.pushState(data, "", url);
    else history.replaceState(data, "", url);
  }

  /** Let document and language follow the state. */
  dress() {
    const { language, theme, hidden } = this.store.state;
    this.t = translator(language);
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.hide = hidden.join(" ");
    document.title = this.t("page.title", { name: this.facts.name });
  }

  /** Make all views anew, in the language in force and for these types of layers, and leave the focus where it was. */
  rebuild() {
    const focused = document.activeElement?.getAttribute("data-testid");
    this.views = this.build ? this.build(this) : [];
    this.types = typesOf(this.network);
    this.shown = null;
    const skip = h(
      "a",
      { class: "skip", href: "#drawing", onclick: focusDrawing },
      this.t("page.skip"),
    );
    document.body.replaceChildren(skip, ...this.views.map((view) => view.element));
    this.render();
    if (focused)
      /** @type {HTMLElement | null} */ (
        document.querySelector(`[data-testid="${focused}"]`)
      )?.focus();
  }

  render() {
    const look = this.look();
    for (const view of this.views) view.render(look, this.shown);
    this.shown = look;
  }
}

/**
 * What is opened, as a word: another word is another entry of the browser's history. From neuron to neuron is none, or
 * a look around would have to be walked back one by one.
 * @param {State} state
 */
function placeOf({ panel, neuron, step }) {
  return [panel, neuron !== null, step].join();
}

/** What views are made for: another activation is another curve. @param {Network} network */
function typesOf({ layers }) {
  return layers.map(({ type, arrays }) => type + (arrays.W?.shape ?? "")).join();
}

/** @param {Event} event */
function focusDrawing(event) {
  event.preventDefault(); // the part after "#" is the state's address
  /** @type {HTMLElement | null} */ (
    document.querySelector('[data-testid="drawing"], .columns input')
  )?.focus();
}

const KEPT = "pellucid";

/** @returns {Partial<Pick<State, "language" | "theme">>} */
function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {}; // storage may be forbidden
  }
}

/** @param {State} state */
function keep({ language, theme }) {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ language, theme }));
  } catch {
    // then the choice holds for this visit
  }
}
