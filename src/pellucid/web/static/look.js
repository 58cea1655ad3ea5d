// The look: what a state shows, namely the prepared picture, the pass through the network and the
// prediction.

import { centred } from "./picture/digit.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./network/network.js").Network} Network
 * @typedef {import("./network/network.js").Pass} Pass
 *
 * @typedef {object} Look
 * @property {State} state
 * @property {Network} network
 * @property {ArrayLike<number>} picture what the network sees: after centring and brightness
 * @property {{top: number, left: number, bottom: number, right: number} | null} box of the ink, in
 *   the drawing
 * @property {boolean} empty whether nothing was drawn
 * @property {Pass} pass
 * @property {Pass | null} original the same input's pass through the network without edits
 * @property {number} prediction class index
 * @property {number} confidence
 */

/**
 * Return a function that makes looks. Steps whose inputs did not change since the last look return
 * the same object.
 * @param {number[] | null} shape of the pictures; null for rows
 * @returns {(state: State, network: Network, base?: Network) => Look} `base` is the network without
 *   edits
 */
export function lookMaker(shape) {
  const prepare = memoized(
    (/** @type {ArrayLike<number>} */ values, /** @type {boolean} */ centring) => {
      const mnist = shape !== null && shape[0] === 28 && shape[1] === 28;
      return mnist && centring
        ? centred(/** @type {Uint8Array} */ (values))
        : { picture: values, box: null };
    },
  );
  const dim = memoized(
    (/** @type {ArrayLike<number>} */ picture, /** @type {number} */ brightness) =>
      shape && brightness !== 100
        ? Array.from(picture, (value) => Math.round((value * brightness) / 100))
        : picture,
  );
  const pass = memoized(
    (/** @type {Network} */ network, /** @type {ArrayLike<number>} */ picture) =>
      network.forward(
        shape && !network.takesBytes ? Array.from(picture, (value) => value / 255) : picture,
      ),
  );
  const passUnedited = memoized((/** @type {Network} */ base, /** @type {Pass} */ { x }) =>
    base.forward(x),
  );
  return (state, network, base = network) => {
    const { values, source } = state.input;
    const { picture: whole, box } = prepare(values, state.centring && source.kind !== "noise");
    const picture = dim(whole, state.brightness);
    const own = pass(network, picture);
    return {
      state,
      network,
      picture,
      box,
      empty: shape !== null && Array.prototype.every.call(values, (value) => value === 0),
      pass: own,
      original: base === network ? null : passUnedited(base, own),
      prediction: network.choose(own.y),
      confidence: network.confidence(own.y),
    };
  };
}

/**
 * Return a function that keeps its last result, and returns it again for the same arguments.
 * @template {any[]} A
 * @template R
 * @param {(...given: A) => R} f
 * @returns {(...given: A) => R}
 */
export function memoized(f) {
  /** @type {A | undefined} */
  let last;
  /** @type {R} */
  let result;
  return (...given) => {
    if (!last || given.some((value, i) => value !== /** @type {A} */ (last)[i])) {
      result = f(...given);
      last = given;
    }
    return result;
  };
}
