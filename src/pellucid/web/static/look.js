// What is seen of a state: the prepared picture, the pass through the network, the answer. Made once a change.

import { centred } from "./picture/digit.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./network/network.js").Network} Network
 *
 * @typedef {object} Look
 * @property {State} state
 * @property {Network} network
 * @property {ArrayLike<number>} picture what the network sees: after centring and brightness
 * @property {{top: number, left: number, bottom: number, right: number} | null} box of the ink, in the drawing
 * @property {boolean} empty whether nothing was drawn
 * @property {import("./network/network.js").Pass} pass
 * @property {import("./network/network.js").Pass | null} original the same picture's pass through the network without edits
 * @property {number} answer class index
 * @property {number} confidence
 */

/**
 * Make the function that looks: what did not change since the last look is not made again.
 * @param {number[] | null} shape of the pictures; null for rows
 * @returns {(state: State, network: Network, base?: Network) => Look} `base` is the network without edits
 */
export function looking(shape) {
  const prepared = remembered(
    (/** @type {ArrayLike<number>} */ values, /** @type {boolean} */ centring) => {
      const fits = shape !== null && shape[0] === 28 && shape[1] === 28;
      return fits && centring
        ? centred(/** @type {Uint8Array} */ (values))
        : { picture: values, box: null };
    },
  );
  const dimmed = remembered(
    (/** @type {ArrayLike<number>} */ picture, /** @type {number} */ brightness) =>
      shape && brightness !== 100
        ? Array.from(picture, (value) => Math.round((value * brightness) / 100))
        : picture,
  );
  const passed = remembered(
    (/** @type {Network} */ network, /** @type {ArrayLike<number>} */ picture) =>
      network.forward(
        shape && !network.takesBytes ? Array.from(picture, (value) => value / 255) : picture,
      ),
  );
  const unedited = remembered(
    (/** @type {Network} */ base, /** @type {import("./network/network.js").Pass} */ { x }) =>
      base.forward(x),
  );
  return (state, network, base = network) => {
    const { picture: whole, box } = prepared(
      state.input.values,
      state.centring && state.input.source.kind !== "noise",
    );
    const picture = dimmed(whole, state.brightness);
    const pass = passed(network, picture);
    const original = base === network ? null : unedited(base, pass);
    const empty =
      shape !== null && Array.prototype.every.call(state.input.values, (value) => value === 0);
    const [answer, confidence] = [network.choose(pass.y), network.confidence(pass.y)];
    return { state, network, picture, box, empty, pass, original, answer, confidence };
  };
}

/**
 * A function that keeps its last result, and gives it again for the same arguments.
 * @template {any[]} A
 * @template R
 * @param {(...given: A) => R} f
 * @returns {(...given: A) => R}
 */
export function remembered(f) {
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
