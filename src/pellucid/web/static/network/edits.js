// Edits: what a user changed of a network, as a list. The network that runs is the base with all edits applied.

/**
 * @typedef {import("./network.js").Network} Network
 * @typedef {import("./layers.js").Layer} Layer
 *
 * @typedef {{kind: "bias", layer: number, neuron: number, value: number}
 *   | {kind: "weight", layer: number, from: number, neuron: number, value: number}} Edit `layer` is a neuron layer
 */

/** @type {{[K in Edit["kind"]]: (network: Network, edit: Extract<Edit, {kind: K}>) => void}} */
const KINDS = {
  bias(network, { layer, neuron, value }) {
    affineOf(network, layer).arrays.b.data[neuron] = value;
  },
  weight(network, { layer, from, neuron, value }) {
    const { shape, data } = affineOf(network, layer).arrays.W;
    data[from * shape[1] + neuron] = value;
  },
};

/**
 * The network with edits; itself where there are none. What it is given stays as it is.
 * @param {Network} network
 * @param {Edit[]} edits
 * @returns {Network}
 */
export function edited(network, edits) {
  if (!edits.length) return network;
  const changed = network.copy();
  for (const edit of edits) /** @type {(network: Network, edit: Edit) => void} */ (KINDS[edit.kind])(changed, edit);
  return changed;
}

/** @param {Network} network @param {number} L @returns {Layer} */
function affineOf(network, L) {
  const { affine } = network.neuronLayers[L];
  if (!affine) throw new Error(`neuron layer ${L} has no weights of its own`);
  return affine;
}
