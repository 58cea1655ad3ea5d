// The one state of the page. Data flows one way: event -> action -> state -> look -> views, and to
// the address.

/**
 * @typedef {{layer: number, index: number}} Neuron
 * @typedef {{kind: "drawn" | "test" | "noise" | "image" | "missing", index?: number, label?:
 *   number, example?: boolean}} Source where an input comes from; of a test digit its number in
 *   MNIST's test part, its label, and whether the page began with it as an example, to be drawn
 *   over. "missing" is a test digit that was asked for and is not here (yet)
 *
 * @typedef {object} Input
 * @property {ArrayLike<number>} values pixels 0 to 255, or the numbers of a row
 * @property {Source} source
 *
 * @typedef {{input: Input, edits: import("./network/edits.js").Edit[]}} Step what undo and redo
 *   bring back
 *
 * @typedef {object} State
 * @property {Input} input
 * @property {import("./network/edits.js").Edit[]} edits of the network, in order
 * @property {number} brightness in percent
 * @property {boolean} centring whether drawings are centred as MNIST's were
 * @property {Neuron | null} neuron the chosen one
 * @property {number | null} member the member of an ensemble that is shown by itself; null for all
 * @property {Neuron | null} pointed the one under pointer or focus
 * @property {string | null} panel the open panel
 * @property {number | null} step the step of the lesson, from 1; null outside the lesson
 * @property {Record<string, "right" | "shown">} answers to the lesson's questions, by step: found
 *   by the learner, or shown
 * @property {"en" | "ko"} language
 * @property {"system" | "light" | "dark" | "contrast"} theme
 * @property {boolean} letters whether single letters act as keys (WCAG 2.1.4)
 * @property {number | null} target the class that the user meant by the drawing
 * @property {Record<string, string>} choices what is set within panels, where it is not as at first
 * @property {string | null} playground the word of the playground (playground/setup.js); null where
 *   it is closed, OFF where it is closed on a page that begins with it
 * @property {string[]} hidden names of controls that a teacher's link hides
 * @property {Input | null} revealed the input whose answer was revealed, where answers are hidden
 * @property {boolean} large whether the page is shown to a class: larger, and with fewer parts
 * @property {Step[]} past
 * @property {Step[]} future
 */

/** The test digit that the page begins with. */
export const EXAMPLE = 500;
/**
 * The chosen neuron, if it computes something: no pixel.
 * @param {State} state
 */
export function computing({ neuron }) {
  return neuron?.layer ? neuron : null;
}

const LONGEST_PAST = 200;

/**
 * Whether nothing may tell the answer: it is hidden, and was not revealed for this input.
 * @param {State} state
 */
export function concealed({ hidden, revealed, input }) {
  return hidden.includes("answer") && revealed !== input;
}

/** The playground's word where a page that begins with it shows its network instead. */
export const OFF = "off";

/** Whether the playground is open. @param {Pick<State, "playground">} state */
export function plays({ playground }) {
  return (playground ?? OFF) !== OFF;
}

/** Holds the state, and calls its listeners after a change, at most once a frame. */
export class Store {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
    /** @type {((state: State, before: State) => void)[]} */
    this.listeners = [];
    this.shown = state;
    this.waiting = false;
  }

  /** @param {Partial<State>} changes */
  set(changes) {
    this.state = { ...this.state, ...changes };
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.show());
  }

  /** Call the listeners now. */
  show() {
    this.waiting = false;
    const before = this.shown;
    this.shown = this.state;
    if (before !== this.shown) for (const listener of this.listeners) listener(this.shown, before);
  }

  /** @param {(state: State, before: State) => void} listener */
  listen(listener) {
    this.listeners.push(listener);
  }
}

/**
 * Return the changes with the present step added to the past.
 * @param {State} state
 * @param {Partial<Step>} changes
 * @returns {Partial<State>}
 */
export function pushUndo(state, changes) {
  return { ...changes, past: [...state.past, stepOf(state)].slice(-LONGEST_PAST), future: [] };
}

/** @param {State} state @returns {Partial<State>} */
export function undoStep(state) {
  const step = state.past.at(-1);
  return step
    ? { ...step, past: state.past.slice(0, -1), future: [stepOf(state), ...state.future] }
    : {};
}

/** @param {State} state @returns {Partial<State>} */
export function redoStep(state) {
  const [step, ...future] = state.future;
  return step ? { ...step, past: [...state.past, stepOf(state)], future } : {};
}

/** @param {State} state @returns {Step} */
function stepOf({ input, edits }) {
  return { input, edits };
}
