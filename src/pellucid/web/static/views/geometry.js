// The layout of the stage for a network and a width: numbers only, no elements.

/**
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 * @typedef {{x: number, y: number}} Point
 *
 * @typedef {object} LayerPlace
 * @property {NeuronLayer} layer
 * @property {Point[]} neurons centres; large layers are cut to MOST
 * @property {number} r
 * @property {number} x the middle of the layer
 *
 * @typedef {object} Geometry
 * @property {number} width
 * @property {number} height
 * @property {{x: number, y: number, width: number, height: number} | null} picture of the inputs
 * @property {LayerPlace[]} layers those drawn as circles
 * @property {number} titles the y of the layers' names
 * @property {boolean} narrow
 * @property {boolean} tight whether layers need short names
 * @property {{x: number, bar: number, value: number}} room right of the outputs: names, bars of
 *   that width, values
 */

export const MOST = 1024; // neurons of a layer that are drawn
const LARGEST_PITCH = 50; // pixels from one neuron to the next
export const NAMED = 40; // most inputs and outputs that have their names beside them
const LINE = 18; // pixels that a name needs on little room

/**
 * @param {NeuronLayer[]} layers
 * @param {number[] | null} shape of pictures
 * @param {number} width
 * @param {number} tall how high the stage may be
 * @returns {Geometry}
 */
export function geometry(layers, shape, width, tall) {
  const narrow = width < 430;
  const circles = shape ? layers.slice(1) : layers;
  const side = narrow ? Math.min(52, 0.2 * width) : Math.min(0.27 * width, 0.5 * tall, 320);
  const titles = narrow && shape ? side + 22 : 16;
  const top = titles + 18;
  const names = shape || layers[0].size > NAMED ? 0 : layers[0].size;
  const height = narrow
    ? Math.min(top + Math.max(310, LINE * names), Math.max(tall, top + 220))
    : tall;
  const room = outputRoom(width, narrow);
  const left = shape ? (narrow ? 8 : side + 0.05 * width) : narrow ? 56 : 120;
  const share = (width - left - room.x - room.bar - room.value) / Math.max(circles.length, 1);
  const places = circles.map((layer, i) =>
    block(layer, left + share * (i + 0.5), share, top, height - top - 8),
  );
  spread(places, share, narrow && shape !== null);
  const least = Math.min(...places.map(({ r }) => r));
  for (const layer of places) layer.r = Math.min(layer.r, 1.3 * least);
  const output = places.at(-1);
  if (output) room.x = Math.max(...output.neurons.map(({ x }) => x)) + output.r + 8;
  const picture = shape && pictureAt(shape, side, narrow ? 0 : (top + height - side) / 2);
  return { width, height, picture, layers: places, titles, narrow, tight: share < 104, room };
}

/**
 * Spread layers over the room that the outermost leave beside them.
 * @param {LayerPlace[]} places
 * @param {number} share
 * @param {boolean} first
 */
function spread(places, share, first) {
  const spare = (/** @type {LayerPlace} */ { neurons, x, r }) =>
    share / 2 - r - Math.max(...neurons.map((one) => one.x - x));
  const [before, after] = [
    first && places.length > 1 ? spare(places[0]) : 0,
    places.length ? spare(places[places.length - 1]) : 0,
  ];
  places.forEach((place, i) => {
    const shift = places.length > 1 ? (i * (before + after)) / (places.length - 1) - before : after;
    place.x += shift;
    for (const neuron of place.neurons) neuron.x += shift;
  });
}

/** @param {number} width @param {boolean} narrow */
function outputRoom(width, narrow) {
  if (narrow) return { x: 26, bar: 22, value: 4 };
  return { x: 36, bar: Math.min(0.1 * width, 90), value: 44 };
}

/** @param {number[]} shape @param {number} side @param {number} y */
function pictureAt([height, width], side, y) {
  const scale = side / Math.max(height, width);
  return { x: 1, y, width: width * scale, height: height * scale };
}

/**
 * Place one layer as a block: one column, or more where that makes its circles much larger.
 * @param {NeuronLayer} layer
 * @param {number} x
 * @param {number} width
 * @param {number} top
 * @param {number} height
 * @returns {LayerPlace}
 */
function block(layer, x, width, top, height) {
  const count = Math.min(layer.size, MOST);
  let best = { pitch: 0, rows: count, columns: 1 };
  const named = (layer.last || layer.number === 0) && count <= NAMED;
  const most = named ? 1 : count;
  for (let columns = 1; columns <= most; columns++) {
    const rows = Math.ceil(count / columns);
    const pitch = Math.min(LARGEST_PITCH, height / rows, (0.8 * width) / columns);
    if (pitch > 1.3 * best.pitch) best = { pitch, rows, columns };
  }
  const { pitch, rows, columns } = best;
  const neurons = Array.from({ length: count }, (_, i) => ({
    x: x + ((i % columns) - (columns - 1) / 2) * pitch,
    y: top + height / 2 + (Math.floor(i / columns) - (rows - 1) / 2) * pitch,
  }));
  return { layer, neurons, r: Math.min(0.42 * pitch, 20), x };
}
