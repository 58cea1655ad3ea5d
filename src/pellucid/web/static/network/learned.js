// Networks that begin by embedding categories, from the learned numbers on: lens/learned_numbers.py in
// JavaScript.

import { forward, membersOf } from "./layers.js";
import { byInput } from "./preparation.js";

/** @typedef {import("./layers.js").Layer} Layer */

/**
 * Return the embeddings of categories with which layers begin, one of each member where members have
 * their own, and the layers behind, which take the outputs of all of them side by side.
 * @param {Layer[]} layers
 * @returns {{embeddings: Layer[], layers: Layer[]}}
 */
export function fromLearned(layers) {
  const [first, ...rest] = layers;
  if (first?.type === "CategoryEmbedding") return { embeddings: [first], layers: rest };
  const members = first?.type === "Members" ? membersOf(first) : [];
  if (members[0]?.[0].type !== "CategoryEmbedding") return { embeddings: [], layers };
  const embeddings = members.map(([own]) => own);
  const width = forward(
    [embeddings[0]],
    new Float64Array(embeddings[0].arrays.sizes.data.length),
  )[0].length;
  const chosen = members.flatMap((own, m) => [chooser(m, members.length, width), ...own.slice(1)]);
  return { embeddings, layers: [{ ...first, layers: chosen }, ...rest] };
}

/**
 * Return the layer that chooses a member's numbers among those of all.
 * @param {number} member
 * @param {number} count
 * @param {number} width
 * @returns {Layer}
 */
function chooser(member, count, width) {
  const data = new Float64Array(count * width * width);
  for (let i = 0; i < width; i++) data[(member * width + i) * width + i] = 1;
  return { type: "Affine", options: {}, arrays: { W: { shape: [count * width, width], data } } };
}

/**
 * Return what the embeddings make of x, side by side; x itself without any.
 * @param {Layer[]} embeddings
 * @param {Float64Array} x
 */
export function numbersOf(embeddings, x) {
  if (!embeddings.length) return x;
  return Float64Array.from(embeddings.flatMap((own) => [...forward([own], x)[0]]));
}

/**
 * Return for each input the sum of the values of all numbers that it became.
 * @param {Layer[]} embeddings
 * @param {Float64Array} values
 */
export function sumsByInput(embeddings, values) {
  if (!embeddings.length) return values;
  const size = values.length / embeddings.length;
  return embeddings
    .map((own, m) => byInput(own, values.subarray(m * size, (m + 1) * size)))
    .reduce((sum, own) => sum.map((value, d) => value + own[d]));
}
