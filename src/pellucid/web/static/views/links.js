// Connections: faint ones behind everything, and those of one neuron, by width, colour and pattern.

import { s } from "../dom.js";

/**
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {{from: Point, to: Point, weight: number}} Link
 */

const MOST_BEHIND = 700; // faint lines between two layers
const MOST_SHOWN = 48; // lines on each side of one neuron: its strongest

/** Faint lines between neighbouring layers, as one path. @param {Geometry} place */
export function backdrop({ picture, layers, narrow }) {
  let path = "";
  if (picture && layers.length) {
    const [right, bottom] = [picture.x + picture.width, picture.y + picture.height];
    const [x, y] = narrow
      ? [(picture.x + right) / 2, bottom]
      : [right, picture.y + picture.height / 2];
    if (layers[0].neurons.length <= 256)
      for (const to of layers[0].neurons) path += line({ x, y }, to);
  }
  layers.slice(1).forEach((layer, i) => {
    const before = layers[i].neurons;
    if (before.length * layer.neurons.length > MOST_BEHIND) return;
    for (const from of before) for (const to of layer.neurons) path += line(from, to);
  });
  return s("path", { class: "backdrop", d: path });
}

/**
 * The connections of one neuron, those that come in and those that go out.
 * @param {Geometry} place
 * @param {Look} look
 * @param {Neuron} neuron
 */
export function links(place, look, { layer, index }) {
  return [...incoming(place, look, layer, index), ...outgoing(place, look, layer, index)];
}

/** @param {Geometry} place @param {Look} look @param {number} L @param {number} index */
function incoming(place, look, L, index) {
  const affine = look.network.neuronLayers[L].affine;
  const to = at(place, L, index);
  if (!affine || !to) return [];
  const {
    shape: [D, H],
    data: W,
  } = affine.arrays.W;
  const before = look.network.activations(look.pass, L - 1);
  const anyActive = before.some((value) => value !== 0);
  const found = [];
  for (let d = 0; d < D; d++) {
    const from = at(place, L - 1, d, look);
    // Of 784 pixels the bright ones count; of neurons, all.
    const rank =
      Math.abs(W[d * H + index]) *
      (place.picture && L === 1 && anyActive ? Math.abs(before[d]) : 1);
    if (from && rank) found.push({ from, to, weight: W[d * H + index], rank });
  }
  return drawn(found);
}

/** @param {Geometry} place @param {Look} look @param {number} L @param {number} index */
function outgoing(place, look, L, index) {
  const affine = look.network.neuronLayers[L + 1]?.affine;
  const from = at(place, L, index);
  if (!affine || !from) return [];
  const {
    shape: [, H],
    data: W,
  } = affine.arrays.W;
  const found = [];
  for (let h = 0; h < H; h++) {
    const to = at(place, L + 1, h);
    const weight = W[index * H + h];
    if (to && weight) found.push({ from, to, weight, rank: Math.abs(weight) });
  }
  return drawn(found);
}

/** @param {(Link & {rank: number})[]} found */
function drawn(found) {
  const strongest = found.sort((a, b) => b.rank - a.rank).slice(0, MOST_SHOWN);
  const largest = Math.max(...strongest.map(({ rank }) => rank));
  return strongest.map(({ from, to, weight, rank }) =>
    s("line", {
      class: weight < 0 ? "link minus" : "link plus",
      x1: from.x.toFixed(1),
      y1: from.y.toFixed(1),
      x2: to.x.toFixed(1),
      y2: to.y.toFixed(1),
      "stroke-width": (0.6 + (3.4 * rank) / largest).toFixed(2),
    }),
  );
}

/**
 * The middle of a neuron, or of a pixel; null where it is not drawn.
 * @param {Geometry} place
 * @param {number} L
 * @param {number} index
 * @param {Look} [look]
 * @returns {Point | null}
 */
function at(place, L, index, look) {
  const found = place.layers.find(({ layer }) => layer.number === L);
  if (found) return found.neurons[index] ?? null;
  if (!place.picture || !look) return null;
  const D = look.network.D;
  const columns = Math.round(Math.sqrt((D * place.picture.width) / place.picture.height));
  const scale = place.picture.width / columns;
  return {
    x: place.picture.x + ((index % columns) + 0.5) * scale,
    y: place.picture.y + (Math.floor(index / columns) + 0.5) * scale,
  };
}

/** @param {Point} from @param {Point} to */
function line(from, to) {
  return `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
}
