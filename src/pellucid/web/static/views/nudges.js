// On the stage, while backpropagation is open: a small arrow at each neuron, against the gradient
// of the loss.

import { s } from "../dom.js";
import { memoized } from "../look.js";
import { backpropagated, descent } from "../network/check.js";

/** @typedef {import("../look.js").Look} Look */

const LEAST = 0.04; // of the largest descent in the layer: smaller ones get no arrow

/** @type {typeof backpropagated} */
export const gradientsOf = memoized(backpropagated);

/**
 * Return the label of the drawing: that of the test digit, else the one that the user chose.
 * @param {Look} look
 * @returns {number | null}
 */
export function labelOf({ empty, state }) {
  return empty ? null : (state.input.source.label ?? state.target);
}

/** @param {import("./geometry.js").Geometry} place @param {Look} look */
export function nudges(place, look) {
  const label = look.state.panel === "backprop" ? labelOf(look) : null;
  if (label === null) return [];
  const { layers } = gradientsOf(look.network, look.pass, label);
  return place.layers.flatMap(({ layer, neurons, r, before }) => {
    if (!layer.number) return [];
    const down = descent(layers[layer.number]);
    const strongest = down.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return neurons.flatMap(({ x, y }, i) => {
      const share = strongest ? Math.abs(down[i]) / strongest : 0;
      if (share < LEAST) return [];
      const [size, way] = [Math.min(r, 14) * (0.2 + 0.3 * share), down[i] > 0 ? -1 : 1];
      const at = (/** @type {...number} */ ...place) =>
        place.map((one) => one.toFixed(1)).join(" ");
      const start = at(x - (before || r) - 2 - size, y + way * size);
      const d = `M${start}l${at(-size, -2 * way * size)}h${at(2 * size)}z`;
      return [s("path", { class: way < 0 ? "nudge plus" : "nudge minus", d })];
    });
  });
}
