// The layout of the stage for a network and a width: numbers only, no elements. It depends on the
// network and on the room alone, never on what is open, so that no neuron moves while a page is
// used.

import { widthOf } from "../format.js";

/**
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 * @typedef {{x: number, y: number}} Point
 *
 * @typedef {object} LayerPlace
 * @property {NeuronLayer} layer
 * @property {Point[]} neurons centres; large layers are cut to MOST
 * @property {number} r
 * @property {number} x the middle of the layer
 * @property {number} pitch from one neuron to the next
 * @property {number} columns
 * @property {boolean} numbered whether each neuron has its number beside it
 * @property {"in" | "beside" | "none"} values where activations are written
 * @property {number} thumb side of the weight images left of the neurons; 0 without
 * @property {number} before from a neuron's centre to where lines into it end, left of what is
 *   beside the circle
 * @property {number} after from a neuron's centre to where lines out of it begin
 *
 * @typedef {object} Geometry
 * @property {number} width
 * @property {number} height
 * @property {{x: number, y: number, width: number, height: number} | null} picture of the inputs
 * @property {LayerPlace[]} layers those drawn as circles
 * @property {number} titles the y of the layers' names
 * @property {boolean} narrow
 * @property {boolean} tight whether layers need short names
 * @property {number} type the font size of values
 * @property {{x: number, name: number, bar: number}} room right of the outputs: where it begins, the
 *   width of names and of bars
 */

export const MOST = 1024; // neurons of a layer that are drawn
export const NAMED = 40; // most inputs and outputs that have their names beside them
const ONE_COLUMN = 20; // most neurons that are one column
const TALL = 5; // a larger layer is a block with so many times as many rows as columns
const GAP = 6; // pixels between a circle and what is beside it
const LEAST_GAP = 4.5; // between layers, in font sizes
const MOST_THRIFT = 4;
const VALUE = widthOf("0.00"); // the usual value, in font sizes

/**
 * @param {NeuronLayer[]} layers
 * @param {number[] | null} shape of pictures
 * @param {number} width
 * @param {number} tall how high the stage may be
 * @param {{type: number, names: (layer: NeuronLayer) => string[]}} writing font size of values, and
 *   the names of the inputs and outputs
 * @returns {Geometry}
 */
export function geometry(layers, shape, width, tall, writing) {
  let found = attempt(layers, shape, width, tall, writing, 0);
  // Where connections would be too short to be seen, something beside the neurons is left out.
  for (let thrift = 1; found.gap < LEAST_GAP * writing.type && thrift <= MOST_THRIFT; thrift++)
    found = attempt(layers, shape, width, tall, writing, thrift);
  return found.place;
}

/**
 * A layout, and its gap between layers. Thrift takes from the picture's size, then from the bars,
 * then the weight images, then the values beside circles.
 * @param {NeuronLayer[]} layers
 * @param {number[] | null} shape
 * @param {number} width
 * @param {number} tall
 * @param {{type: number, names: (layer: NeuronLayer) => string[]}} writing
 * @param {number} thrift
 * @returns {{place: Geometry, gap: number}}
 */
function attempt(layers, shape, width, tall, { type, names }, thrift) {
  const narrow = width < 400;
  const circles = shape ? layers.slice(1) : layers;
  const wide = thrift ? 0.2 : 0.27;
  const side = narrow ? 0.17 * width : Math.min(wide * width, 0.5 * tall, 24 * type);
  const titles = 1.4 * type;
  const top = titles + 1.6 * type;
  const rows = Math.max(...circles.map((layer) => block(layer).rows));
  const usual = top + 8 + Math.max(330, 21 * Math.min(rows, NAMED));
  const height = narrow ? Math.min(usual, Math.max(tall, top + 220)) : tall;
  const places = circles.map((layer) => sized(layer, height - top - 8, width, type));
  const least = Math.min(...places.map(({ r }) => r));
  for (const place of places) place.r = Math.min(place.r, 1.3 * least);
  const known = {
    shape,
    width,
    type,
    thumbs: !narrow && thrift < 3,
    beside: !narrow && thrift < 4,
  };
  for (const place of places) written(place, known);
  const longest = Math.max(0, ...named(layers, true, names).map((name) => widthOf(name)));
  const room = {
    x: 0,
    name: Math.min(longest * 1.05 * type, (narrow || thrift > 1 ? 0.13 : 0.2) * width),
    bar: narrow || thrift > 1 ? 1.7 * type : Math.min(0.09 * width, 7 * type),
  };
  const inputs = shape ? [] : named(layers, false, names).map((name) => widthOf(name) * type);
  const first = Math.min(Math.max(0, ...inputs), narrow ? 50 : thrift > 1 ? 72 : 110);
  const left = shape ? side : first && first + GAP;
  const gap = spread(places, { left, right: width - 2, room, type, picture: shape !== null });
  arrange(places, top, height - 8);
  const output = places.at(-1);
  if (output) room.x = Math.max(...output.neurons.map(({ x }) => x)) + output.r + 8;
  const picture = shape && pictureAt(shape, side, (top + height - 8 - side) / 2);
  const tight = width / (circles.length + 1) < 9 * type;
  const place = { width, height, picture, layers: places, titles, narrow, tight, type, room };
  return { place, gap };
}

/**
 * The names of the inputs or outputs that are written.
 * @param {NeuronLayer[]} layers
 * @param {boolean} last
 * @param {(layer: NeuronLayer) => string[]} names
 */
function named(layers, last, names) {
  const layer = layers[last ? layers.length - 1 : 0];
  return layer.size <= NAMED ? names(layer) : [];
}

/** Rows and columns of a layer, which depend on nothing but its size. @param {NeuronLayer} layer */
function block({ size, last, number }) {
  const count = Math.min(size, MOST);
  const one = count <= ONE_COLUMN || ((last || number === 0) && count <= NAMED);
  const columns = one ? 1 : Math.ceil(Math.sqrt(count / TALL));
  return { count, columns, rows: Math.ceil(count / columns) };
}

/**
 * A layer's pitch and radius.
 * @param {NeuronLayer} layer
 * @param {number} height
 * @param {number} width
 * @param {number} type
 * @returns {LayerPlace}
 */
function sized(layer, height, width, type) {
  const { rows, columns } = block(layer);
  const pitch = Math.min(4.2 * type, height / rows, (0.2 * width) / columns);
  const r = Math.min(0.42 * pitch, 1.6 * type);
  const numbered = layer.number > 0 && !layer.last && columns === 1 && pitch >= 12;
  return {
    layer,
    neurons: [],
    r,
    x: 0,
    pitch,
    columns,
    numbered,
    values: "none",
    thumb: 0,
    before: 0,
    after: 0,
  };
}

/**
 * Decide what is written and drawn beside a layer's circles.
 * @param {LayerPlace} place
 * @param {{shape: number[] | null, width: number, type: number, thumbs: boolean, beside: boolean}}
 *   known whether there is room for weight images, and for values beside hidden neurons
 */
function written(place, { shape, width, type, thumbs, beside }) {
  const { layer, pitch, columns, r } = place;
  const room = columns === 1 && pitch >= 1.05 * Math.min(type, 12) && (layer.last || beside);
  if (1.72 * r >= VALUE * type) place.values = "in";
  else if (room) place.values = "beside";
  const thumb = Math.min(pitch - 3, 0.075 * width);
  const fits = shape && thumbs && layer.number === 1 && columns === 1 && thumb >= 14;
  if (fits) place.thumb = Math.floor(thumb);
  const small = Math.min(type, 0.85 * pitch);
  if (place.thumb || place.numbered)
    place.before =
      r + (place.thumb && place.thumb + GAP) + (place.numbered ? widthOf("00") * small + 6 : 0);
  if (place.values === "beside" && !layer.last) place.after = r + VALUE * small + 6;
}

/**
 * The room that a layer needs left and right of its middle.
 * @param {LayerPlace} place
 * @param {{room: {name: number, bar: number}, type: number}} writing
 */
function extents({ layer, pitch, columns, r, values, before, after }, { room, type }) {
  const half = ((columns - 1) / 2) * pitch + r;
  const value = values === "beside" ? VALUE * Math.min(type, 0.85 * pitch) + 6 : 0;
  const outputs = r + 8 + room.name + 8 + room.bar + value;
  return { before: before || half, after: layer.last ? outputs : after || half };
}

/**
 * Set the middle of each layer, with the same gap before each of them; return that gap.
 * @param {LayerPlace[]} places
 * @param {{left: number, right: number, picture: boolean, room: {name: number, bar: number}, type:
 *   number}} within
 */
function spread(places, { left, right, picture, ...writing }) {
  const sizes = places.map((place) => extents(place, writing));
  const taken = sizes.reduce((sum, { before, after }) => sum + before + after, 0);
  const gaps = places.length - (picture ? 0 : 1);
  const gap = Math.max(4, (right - left - taken) / Math.max(gaps, 1));
  let x = left + (picture ? gap : 0);
  places.forEach((place, i) => {
    place.x = x + sizes[i].before;
    x = place.x + sizes[i].after + gap;
  });
  return gap;
}

/**
 * Place the neurons around their layers' middles.
 * @param {LayerPlace[]} places
 * @param {number} top
 * @param {number} bottom
 */
function arrange(places, top, bottom) {
  for (const place of places) {
    const { count, columns, rows } = block(place.layer);
    const { pitch, x } = place;
    place.neurons = Array.from({ length: count }, (_, i) => ({
      x: x + ((i % columns) - (columns - 1) / 2) * pitch,
      y: (top + bottom) / 2 + (Math.floor(i / columns) - (rows - 1) / 2) * pitch,
    }));
  }
}

/** @param {number[]} shape @param {number} side @param {number} y */
function pictureAt([height, width], side, y) {
  const scale = side / Math.max(height, width);
  return { x: 1, y, width: width * scale, height: height * scale };
}

/**
 * The middle of a neuron, or of a pixel; null where it is not drawn.
 * @param {Geometry} place
 * @param {number} L
 * @param {number} index
 * @param {number} D number of inputs
 * @param {"before" | "after"} [side] where lines into it end, or those out of it begin
 * @returns {Point | null}
 */
export function at(place, L, index, D, side) {
  const found = place.layers.find(({ layer }) => layer.number === L);
  if (found) {
    const middle = found.neurons[index];
    if (!middle || !side) return middle ?? null;
    return { x: middle.x + (side === "after" ? found.after : -found.before), y: middle.y };
  }
  if (!place.picture || L) return null;
  const columns = columnsOf(place.picture, D);
  const scale = place.picture.width / columns;
  return {
    x: place.picture.x + ((index % columns) + 0.5) * scale,
    y: place.picture.y + (Math.floor(index / columns) + 0.5) * scale,
  };
}

/** Pixels in a row of a picture. @param {{width: number, height: number}} picture @param {number} D */
export function columnsOf({ width, height }, D) {
  return Math.round(Math.sqrt((D * width) / height));
}
