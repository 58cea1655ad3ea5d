// Which neurons decide between the answer and a rival: for the panel "Ask why", and for the stage,
// which marks them.

import { computing } from "../state.js";

/**
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {{index: number, share: number}} Share
 *
 * @typedef {object} Deciding
 * @property {number} first the answer
 * @property {number} rival
 * @property {number} layer of the neurons that decide
 * @property {Share[]} plus those that contribute most to the answer
 * @property {Share[]} minus those that contribute most to the rival
 * @property {number} bias the difference of both biases
 * @property {number} gap the difference of both weighted sums
 */

const [MOST, LEAST] = [3, 0.005];

/**
 * Return the neuron to explain: the chosen one, else the answer's.
 * @param {Look} look
 * @returns {Neuron}
 */
export function askedOf({ state, network, pass, prediction }) {
  return (
    computing(state) ?? {
      layer: network.neuronLayers.length - 1,
      index: pass.y.length > 1 ? prediction : 0,
    }
  );
}

/**
 * Compare the answer with a rival: the chosen or right class, else the second. Null where there is
 * none, or where the layer before is the input.
 * @param {Look} look
 * @param {Neuron} asked
 * @returns {Deciding | null}
 */
export function deciding(look, { layer, index }) {
  const { network, pass, prediction } = look;
  const place = network.neuronLayers[layer];
  if (!place.last || place.size < 3 || !place.affine || !network.classifies || layer < 2)
    return null;
  const label = look.state.input.source.label ?? look.state.target ?? prediction;
  const [first, ...others] = Array.from(pass.y.keys()).sort(
    (a, b) => Number(b === prediction) - Number(a === prediction) || pass.y[b] - pass.y[a],
  );
  const rival = index !== prediction ? index : label !== prediction ? label : others[0];
  const { W, b } = place.affine.arrays;
  const H = W.shape[1];
  const shares = Array.from(
    network.activations(pass, layer - 1),
    (value, d) => value * (W.data[d * H + first] - W.data[d * H + rival]),
  );
  const bias = b ? b.data[first] - b.data[rival] : 0;
  const strongest = (/** @type {number} */ sign) =>
    shares
      .map((share, index) => ({ index, share }))
      .filter(({ share }) => sign * share > LEAST)
      .sort((a, c) => sign * (c.share - a.share))
      .slice(0, MOST);
  return {
    first,
    rival,
    layer: layer - 1,
    plus: strongest(1),
    minus: strongest(-1),
    bias,
    gap: shares.reduce((sum, value) => sum + value, bias),
  };
}
