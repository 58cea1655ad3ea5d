// On the stage, while backpropagation is open: a small arrow at each neuron says which way the loss would have it go.

import { s } from "../dom.js";
import { remembered } from "../look.js";
import { backpropagated, wishes } from "../network/check.js";

/** @typedef {import("../look.js").Look} Look */

const LEAST = 0.04; // of the strongest wish of the layer: weaker ones get no arrow

/** @type {typeof backpropagated} */
export const gradientsOf = remembered(backpropagated);

/** The label of what is drawn: known of a test digit, else what the user chose. @param {Look} look @returns {number | null} */
export function labelOf({ empty, state }) {
  return empty ? null : (state.input.source.label ?? state.target);
}

/** @param {import("./geometry.js").Geometry} place @param {Look} look */
export function nudges(place, look) {
  const label = look.state.panel === "backprop" ? labelOf(look) : null;
  if (label === null) return [];
  const { layers } = gradientsOf(look.network, look.pass, label);
  return place.layers.flatMap(({ layer, neurons, r }) => {
    if (!layer.number) return [];
    const wanted = wishes(layers[layer.number]);
    const strongest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return neurons.flatMap(({ x, y }, i) => {
      const share = strongest ? Math.abs(wanted[i]) / strongest : 0;
      if (share < LEAST) return [];
      const [size, way] = [Math.min(r, 14) * (0.2 + 0.3 * share), wanted[i] > 0 ? -1 : 1];
      const d = `M${(x - r - 2 - size).toFixed(1)} ${(y + way * size).toFixed(1)}l${(-size).toFixed(1)} ${(-2 * way * size).toFixed(1)}h${(2 * size).toFixed(1)}z`;
      return [s("path", { class: way < 0 ? "nudge plus" : "nudge minus", d })];
    });
  });
}
