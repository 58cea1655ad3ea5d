// Page: what every view is given. It joins resources, state, network and language, and shows the
// views.

import { h } from "./dom.js";
import { DIGIT, STEPS } from "./lesson.js";
import { lookMaker, memoized } from "./look.js";
import { Navigation } from "./navigation.js";
import { edited } from "./network/edits.js";
import { Network } from "./network/network.js";
import { refusal } from "./playground/trial.js";
import { loadPreferences, savePreferences } from "./preferences.js";
import { EXAMPLE, Store, plays, pushUndo } from "./state.js";
import { translator } from "./texts.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Input} Input
 * @typedef {import("./look.js").Look} Look
 * @typedef {{element: HTMLElement, render: (look: Look, before: Look | null) => void}} View
 *   `before` is the look that was rendered last; null the first time
 */

export class Page {
  /** @param {import("./resources.js").Resources} resources */
  constructor({ facts, model, digits }) {
    this.facts = facts;
    this.digits = digits;
    /** The network as it was opened or trained: of an ensemble all members. */
    this.whole = Network.read(model);
    this.opened = this.whole;
    /** @type {Network | null} with which training began in this page */
    this.first = null;
    this.edited = memoized(edited);
    this.pictures = facts.shape !== null;
    // Two of them, since each remembers only the last: peeking must not cost the shown look its
    // own.
    this.makeLook = lookMaker(facts.shape);
    this.makePeek = lookMaker(facts.shape);
    this.preferred = navigator.language.startsWith("ko") ? "ko" : "en";
    this.navigation = new Navigation(this);
    this.store = new Store(this.initialState());
    this.t = translator(this.store.state.language);
    /** @type {View[]} */
    this.views = [];
    /** @type {Look | null} */
    this.shown = null;
    this.types = ""; // what the views were made for (`typesOf`)
    this.drawing = false; // whether a stroke is being drawn
    /** Called when a stroke begins, and when it has ended. */
    this.onstroke = (/** @type {boolean} */ _begins) => {};
    this.store.listen((state, before) => this.changed(state, before));
    this.navigation.start();
  }

  /** The network without edits: the whole, or the chosen member by itself. */
  get base() {
    return this.baseOf(this.store.state.member);
  }

  /** Return the network of a member; the whole for null. @param {number | null} member */
  baseOf(member) {
    return this.members[member ?? -1] ?? this.whole;
  }

  /** The members of an ensemble as networks; none of any other network. */
  get members() {
    return this.whole.members;
  }

  /** The network that runs: the base with the edits. */
  get network() {
    return this.edited(this.base, this.store.state.edits);
  }

  /** Number of inputs. */
  get D() {
    return this.whole.D;
  }

  /** Return the look of the present state. @returns {Look} */
  look() {
    return this.makeLook(this.store.state, this.network, this.base);
  }

  /** Return the look of another state without showing it. @param {State} state */
  peek(state) {
    const own = state.edits === this.store.state.edits;
    return this.makePeek(state, own ? this.network : edited(this.base, state.edits));
  }

  /**
   * Show the page.
   * @param {(page: Page) => View[]} build makes the views in the page's language; called again when
   *   that changes
   */
  show(build) {
    this.build = build;
    this.updateDocument();
    this.rebuild();
  }

  /** @returns {State} */
  initialState() {
    const { language, theme, letters } = loadPreferences();
    return {
      ...this.defaults(),
      language: language ?? /** @type {"en" | "ko"} */ (this.preferred),
      theme: theme ?? "system",
      letters: letters ?? true,
      ...this.navigation.read(),
      past: [],
      future: [],
      pointed: null,
    };
  }

  /** The state of an empty address. */
  defaults() {
    return {
      edits: [],
      input: this.example(),
      brightness: 100,
      centring: true,
      neuron: null,
      member: null,
      panel: null,
      step: null,
      answers: {},
      target: null,
      choices: {},
      playground: refusal(this.whole) || this.facts.fields.length ? null : "",
      hidden: [],
      revealed: null,
      large: false,
    };
  }

  /**
   * The first input: a test digit where there is one, so that there is something to see.
   * @returns {Input}
   */
  example() {
    const digit = this.digits.find(({ index }) => index === EXAMPLE);
    if (digit) {
      const { pixels: values, index, label } = digit;
      return { values, source: { kind: "test", index, label, example: true } };
    }
    const values = this.pictures ? new Uint8Array(this.D) : this.facts.start;
    return { values, source: { kind: "drawn" } };
  }

  /**
   * Return a test digit as an input; one that only the server has follows later.
   * @param {number} index
   * @returns {Input}
   */
  testDigit(index) {
    const digit = this.digits.find((one) => one.index === index);
    if (digit) return { values: digit.pixels, source: { kind: "test", index, label: digit.label } };
    this.replaceMissing(index);
    return { values: new Uint8Array(this.D), source: { kind: "missing", index } };
  }

  /**
   * Show a test digit: at once where it is here, else when the server has sent it.
   * @param {number} index
   */
  async showDigit(index) {
    const digit = this.digits.find((one) => one.index === index) ?? (await this.fetchDigit(index));
    if (digit) this.setInput(digit.pixels, { kind: "test", index, label: digit.label });
    else if (this.pictures) this.setInput(new Uint8Array(this.D), { kind: "missing", index });
    this.store.set({});
  }

  /**
   * Fetch a test digit from the server: its label and its pixels, a byte each.
   * @param {number} index
   */
  async fetchDigit(index) {
    if (!this.facts.server || !this.digits.length) return null;
    const response = await fetch(`digit/${index}`).catch(() => null);
    if (!response?.ok) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { index, label: bytes[0], pixels: bytes.slice(1) };
  }

  /**
   * Fetch a missing test digit, and show it unless something was drawn meanwhile.
   * @param {number} index
   */
  async replaceMissing(index) {
    const digit = await this.fetchDigit(index);
    const { source } = this.store.state.input;
    if (!digit || source.kind !== "missing" || source.index !== index) return;
    this.store.set({
      input: { values: digit.pixels, source: { kind: "test", index, label: digit.label } },
    });
  }

  /**
   * Return the state that a step of the lesson shows; no step where there is none of that number.
   * @param {number} number from 1
   * @returns {Partial<State>}
   */
  lesson(number) {
    const step = STEPS[number - 1];
    const digit = step && this.digits.find(({ index }) => index === DIGIT);
    if (!digit) return { step: null };
    const { pixels: values, index, label } = digit;
    const layers = this.whole.neuronLayers;
    const layer = step.neuron ? Math.min(step.neuron[0], layers.length - 1) : 0;
    return {
      input: { values, source: { kind: "test", index, label, example: true } },
      target: null,
      member: null,
      neuron: step.neuron
        ? { layer, index: Math.min(step.neuron[1], layers[layer].size - 1) }
        : null,
      panel: null,
      playground: null,
      step: number,
    };
  }

  /**
   * Set a new input, which can be undone.
   * @param {ArrayLike<number>} values
   * @param {import("./state.js").Source} source
   */
  setInput(values, source) {
    const { state } = this.store;
    const empty = !Array.prototype.some.call(values, Boolean);
    const target = empty ? null : state.target; // an empty drawing means no class
    this.store.set({ ...pushUndo(state, { input: { values, source } }), target });
  }

  /** Replace the edits, which can be undone. @param {import("./network/edits.js").Edit[]} edits */
  edit(edits) {
    this.store.set(pushUndo(this.store.state, { edits }));
  }

  /**
   * Remember a choice within a panel, for the address; null for the default.
   * @param {string} name
   * @param {string | null} value
   */
  choose(name, value) {
    const choices = { ...this.store.state.choices };
    if (value === null) delete choices[name];
    else choices[name] = value;
    this.store.set({ choices });
  }

  /** Show another network: a loaded or a trained one. @param {Network} network */
  use(network) {
    this.whole = network;
    this.store.set({ member: null });
  }

  /**
   * Show a member of an ensemble by itself, or all together for null. Edits belong to the network
   * that was shown before.
   * @param {number | null} member
   */
  showMember(member) {
    this.store.set({ member, neuron: null, pointed: null, edits: [], past: [], future: [] });
  }

  /** @param {State} state @param {State} before */
  changed(state, before) {
    const language = state.language !== before.language;
    const theme = state.theme !== before.theme;
    if (language || theme || state.letters !== before.letters) savePreferences(state);
    const other = state.hidden !== before.hidden || state.large !== before.large;
    if (language || theme || other) this.updateDocument();
    const turned = plays(state) !== plays(before);
    if (language || turned || typesOf(this.network) !== this.types) this.rebuild();
    else this.render();
    this.navigation.update(state);
  }

  /** Bring the document's own attributes and the language up to date. */
  updateDocument() {
    const { language, theme, hidden, large } = this.store.state;
    this.t = translator(language);
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.hide = hidden.join(" ");
    document.documentElement.toggleAttribute("data-large", large);
    document.title = this.t("page.title", { name: this.facts.name });
  }

  /** Make all views anew for the present language and layers, and leave the focus where it was. */
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
    if (focused) focus(`[data-testid="${focused}"]`);
  }

  render() {
    const look = this.look();
    for (const view of this.views) view.render(look, this.shown);
    this.shown = look;
  }
}

/** What views are made for: another activation is another curve. @param {Network} network */
function typesOf({ layers }) {
  return layers.map(({ type, arrays }) => type + (arrays.W?.shape ?? "")).join();
}

/** @param {Event} event */
function focusDrawing(event) {
  event.preventDefault(); // the part after "#" is the state's address
  focus('[data-testid="drawing"], .columns input, [data-testid="surface"]');
}

/** @param {string} selector */
function focus(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();
}
