// Connections: faint ones behind everything, those of one neuron, and those that carry the present
// input; by width, colour and pattern.

import { s } from "../dom.js";
import { concealed } from "../state.js";
import { at } from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {{from: Point, to: Point, minus: boolean, share: number}} Link `minus` is a negative
 *   weight; `share` its strength, 0 to 1 for the strongest
 */

const MOST_BEHIND = 700; // faint lines between two layers
const MOST_SHOWN = 48; // lines on each side of one neuron: its strongest
const MOST_CARRYING = 64; // neurons of a layer whose carrying connections are drawn
const CARRYING = { pixels: 7, neurons: 9 }; // lines into one neuron: its strongest
const LEAST = 0.05; // of the layer's strongest: weaker ones carry next to nothing

/** Faint lines between neighbouring layers, as one path. @param {Geometry} place @param {number} D */
export function backdrop(place, D) {
  const { picture, layers } = place;
  let path = "";
  if (picture && layers.length) {
    const from = { x: picture.x + picture.width, y: picture.y + picture.height / 2 };
    const { neurons, layer } = layers[0];
    if (neurons.length <= 256)
      for (const i of neurons.keys()) path += line(from, at(place, layer.number, i, D, "before"));
  }
  layers.slice(1).forEach(({ layer, neurons }, i) => {
    const before = layers[i];
    if (before.neurons.length * neurons.length > MOST_BEHIND) return;
    for (const j of before.neurons.keys())
      for (const k of neurons.keys())
        path += line(
          at(place, before.layer.number, j, D, "after"),
          at(place, layer.number, k, D, "before"),
        );
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
  const last = look.network.neuronLayers.length - 1;
  const hides = concealed(look.state);
  return [
    ...(hides && layer === last ? [] : incoming(place, look, layer, index)),
    ...(hides && layer === last - 1 ? [] : outgoing(place, look, layer, index)),
  ];
}

/** @param {Geometry} place @param {Look} look @param {number} L @param {number} index */
function incoming(place, look, L, index) {
  const affine = look.network.neuronLayers[L].affine;
  const to = at(place, L, index, look.network.D, "before");
  if (!affine || !to) return [];
  const {
    shape: [D, H],
    data: W,
  } = affine.arrays.W;
  const before = look.network.activations(look.pass, L - 1);
  const anyActive = before.some((value) => value !== 0);
  const found = [];
  for (let d = 0; d < D; d++) {
    const from = at(place, L - 1, d, look.network.D, "after");
    // Of 784 pixels the bright ones count; of neurons, all.
    const rank =
      Math.abs(W[d * H + index]) *
      (place.picture && L === 1 && anyActive ? Math.abs(before[d]) : 1);
    if (from && rank) found.push({ from, to, minus: W[d * H + index] < 0, rank });
  }
  return strongest(found);
}

/** @param {Geometry} place @param {Look} look @param {number} L @param {number} index */
function outgoing(place, look, L, index) {
  const affine = look.network.neuronLayers[L + 1]?.affine;
  const from = at(place, L, index, look.network.D, "after");
  if (!affine || !from) return [];
  const {
    shape: [, H],
    data: W,
  } = affine.arrays.W;
  const found = [];
  for (let h = 0; h < H; h++) {
    const to = at(place, L + 1, h, look.network.D, "before");
    const weight = W[index * H + h];
    if (to && weight) found.push({ from, to, minus: weight < 0, rank: Math.abs(weight) });
  }
  return strongest(found);
}

/** @param {(Omit<Link, "share"> & {rank: number})[]} found */
function strongest(found) {
  const shown = found.sort((a, b) => b.rank - a.rank).slice(0, MOST_SHOWN);
  const largest = Math.max(...shown.map(({ rank }) => rank));
  return shown.map(({ from, to, minus, rank }) =>
    s("line", {
      class: minus ? "link minus" : "link plus",
      x1: from.x.toFixed(1),
      y1: from.y.toFixed(1),
      x2: to.x.toFixed(1),
      y2: to.y.toFixed(1),
      "stroke-width": (0.6 + (3.4 * rank) / largest).toFixed(2),
    }),
  );
}

/**
 * The connections that carry the present input, layer by layer: of each neuron those with the
 * largest products of weight and activation.
 * @param {Geometry} place
 * @param {Look} look
 * @returns {{layer: number, links: Link[]}[]}
 */
export function carrying(place, look) {
  const { network, pass, state } = look;
  const hides = concealed(state);
  const { D } = network;
  return place.layers.flatMap(({ layer, neurons }) => {
    const { W } = layer.number ? (network.neuronLayers[layer.number].affine?.arrays ?? {}) : {};
    const drawn = W && neurons.length <= MOST_CARRYING && !(hides && layer.last);
    if (!drawn) return [];
    const before = network.activations(pass, layer.number - 1);
    const pixels = layer.number === 1 && place.picture !== null;
    if (!pixels && before.length > MOST_CARRYING) return [];
    const most = pixels ? CARRYING.pixels : CARRYING.neurons;
    const found = neurons.flatMap((_, index) =>
      largest(W.data, W.shape[1], before, index, most).map(({ d, product }) => ({
        from: /** @type {Point} */ (at(place, layer.number - 1, d, D, "after")),
        to: /** @type {Point} */ (at(place, layer.number, index, D, "before")),
        minus: W.data[d * W.shape[1] + index] < 0,
        share: Math.abs(product),
      })),
    );
    const top = found.reduce((most, { share }) => Math.max(most, share), 0);
    for (const link of found) link.share /= top;
    return [{ layer: layer.number, links: found.filter(({ share }) => share > LEAST) }];
  });
}

/**
 * The largest products of one neuron.
 * @param {ArrayLike<number>} W
 * @param {number} H
 * @param {ArrayLike<number>} before
 * @param {number} index
 * @param {number} most
 */
function largest(W, H, before, index, most) {
  /** @type {{d: number, product: number}[]} */
  const kept = [];
  for (let d = 0; d < before.length; d++) {
    if (before[d] === 0) continue;
    const product = before[d] * W[d * H + index];
    const size = Math.abs(product);
    if (!size || (kept.length === most && size <= Math.abs(kept[most - 1].product))) continue;
    let place = Math.min(kept.length, most - 1);
    while (place && Math.abs(kept[place - 1].product) < size) {
      kept[place] = kept[place - 1];
      place--;
    }
    kept[place] = { d, product };
  }
  return kept;
}

/** @param {Point | null} from @param {Point | null} to */
function line(from, to) {
  if (!from || !to) return "";
  return `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
}
