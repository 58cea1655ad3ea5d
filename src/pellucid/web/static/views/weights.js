// A panel: the weights of all neurons of a layer as images, before and after training.

import { h, set, setText } from "../dom.js";
import { number } from "../format.js";
import { memoized } from "../look.js";
import { NAMED, mlp } from "../network/build.js";
import { concealed } from "../state.js";
import { layerName } from "../texts.js";
import { neuronName } from "./neuron.js";
import { canvas, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../network/network.js").Network} Network
 * @typedef {import("../network/network.js").NeuronLayer} NeuronLayer
 * @typedef {{how: "seed" | "page" | "none", network: Network | null, seed?: number}} Before
 * @typedef {{button: HTMLButtonElement, before: HTMLCanvasElement, after: HTMLCanvasElement}} Tile
 */

const MOST = 64; // images of a layer

/** @param {Page} page @returns {import("../page.js").View} */
export function weightImages(page) {
  const { t, store } = page;
  const layers = page.network.neuronLayers.filter(({ affine }) => affine);
  const select = h(
    "select",
    {
      id: "weights-layer",
      onchange: () => page.choose("layer", select.value === "1" ? null : select.value),
    },
    ...layers.map((layer) => h("option", { value: layer.number }, layerName(t, layer))),
  );
  select.value = layers.some(({ number }) => String(number) === store.state.choices.layer)
    ? store.state.choices.layer
    : String(layers[0].number);
  const source = h("p", { class: "note", "data-testid": "weights-before" });
  const order = h("p", { class: "note" });
  const list = h("ul", { class: "pairs" });
  /** @type {{layer: number, tiles: Tile[]}} */
  let made = { layer: -1, tiles: [] };
  let told = false;
  const element = h(
    "div",
    { class: "weight-images" },
    h("p", {}, t("weights.text")),
    h("div", { class: "line" }, h("label", { for: select.id }, t("weights.layer")), select),
    list,
    order,
    source,
    h("p", { class: "note" }, t("detail.pattern")),
  );
  return {
    element,
    render(look, before) {
      const layer = look.network.neuronLayers[Number(select.value)];
      const other = made.layer !== layer.number;
      if (other) {
        made = { layer: layer.number, tiles: tilesOf(page, layer) };
        list.replaceChildren(...made.tiles.map(({ button }) => h("li", {}, button)));
      }
      // the outputs' weights belong to the answer
      const tells = layer.last && concealed(look.state);
      list.hidden = tells;
      const { neuron, theme } = look.state;
      made.tiles.forEach(({ button }, index) =>
        set(button, {
          "aria-pressed": String(neuron?.layer === layer.number && neuron.index === index),
        }),
      );
      const same = look.network === before?.network && theme === before.state.theme;
      if (same && !other && tells === told) return;
      told = tells;
      const found = untrained(page, look.network);
      if (tells) return setText(source, t("answer.waits"));
      setText(source, t(`weights.before.${found.how}`, { seed: found.seed ?? 0 }));
      const unordered = layer.number > 1 || !page.pictures;
      setText(order, unordered ? t("weights.order", orderOf(page, layer)) : "");
      paint(page, made.tiles, layer, found.network?.neuronLayers[layer.number]);
    },
  };
}

/** What the cells of an image are. @param {Page} page @param {NeuronLayer} layer */
function orderOf({ t, network }, layer) {
  const from = network.neuronLayers[layer.number - 1];
  return { layer: layerName(t, from), count: from.size, columns: shapeOf(from.size)[1] };
}

/** Rows and columns of an image of so many weights, as square as can be. @param {number} count */
function shapeOf(count) {
  let rows = Math.floor(Math.sqrt(count));
  while (count % rows) rows--;
  return [rows, count / rows];
}

/** @param {Page} page @param {NeuronLayer} layer @returns {Tile[]} */
function tilesOf(page, layer) {
  const { t, store, facts, network } = page;
  const pixels = layer.number === 1 && facts.shape;
  const shape = pixels || shapeOf(network.neuronLayers[layer.number - 1].size);
  return Array.from({ length: Math.min(layer.size, MOST) }, (_, index) => {
    const [before, after] = [0, 1].map(() =>
      canvas(
        shape.map((side) => 2 * side),
        { "aria-hidden": "true" },
      ),
    );
    const name = neuronName(page, layer, index);
    const onclick = () => store.set({ neuron: { layer: layer.number, index } });
    const label = t("neuron.name", { layer: layerName(t, layer), name });
    const button = h(
      "button",
      { type: "button", "aria-label": label, onclick },
      h("b", {}, name),
      before,
      h("span", { "aria-hidden": "true" }, "→"),
      after,
    );
    return { button, before, after };
  });
}

/**
 * Paint both images of each neuron on one scale, that of its largest weight.
 * @param {Page} page
 * @param {Tile[]} tiles
 * @param {NeuronLayer} layer
 * @param {NeuronLayer | undefined} first the same layer before training
 */
function paint({ t }, tiles, layer, first) {
  const { W } = /** @type {import("../network/layers.js").Layer} */ (layer.affine).arrays;
  const old = first?.affine?.arrays.W;
  const [D, H] = W.shape;
  const column = (/** @type {ArrayLike<number>} */ data, /** @type {number} */ index) =>
    Float64Array.from({ length: D }, (_, d) => data[d * H + index]);
  const size = (/** @type {Float64Array} */ values) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  tiles.forEach(({ button, before, after }, index) => {
    const own = column(W.data, index);
    const start = old ? column(old.data, index) : new Float64Array(0);
    const largest = Math.max(size(own), size(start));
    const shape = [after.height / 2, after.width / 2];
    paintSigned(after, shape, own, largest);
    before.hidden = !old;
    if (old) paintSigned(before, shape, start, largest);
    set(button, {
      title: t("weights.range", { before: number(size(start)), after: number(size(own)) }),
      "data-single": !old,
    });
  });
}

/** @type {(network: Network, seed: number) => Network | null} */
const drawn = memoized(fromSeed);

/**
 * Return the network before training: that with which training began in this page, else the one of
 * the seed that the file records.
 * @param {Page} page
 * @param {Network} network on show
 * @returns {Before}
 */
export function untrained(page, network) {
  // Each member began from a seed of its own
  if (page.store.state.member !== null) return { how: "none", network: null };
  if (page.whole !== page.opened && fits(page.first, network))
    return { how: "page", network: page.first };
  const { seed } = /** @type {{seed?: unknown}} */ (page.base.record ?? {});
  const found = typeof seed === "number" ? drawn(page.base, seed) : null;
  return found && fits(found, network)
    ? { how: "seed", network: found, seed: Number(seed) }
    : { how: "none", network: null };
}

/** @param {Network | null} first @param {Network} network */
function fits(first, network) {
  const shapes = (/** @type {Network} */ { neuronLayers }) =>
    neuronLayers.map(({ size }) => size).join();
  return first !== null && shapes(first) === shapes(network);
}

/**
 * Draw the network that `pl.mlp` makes of a seed; null where the network is none of these.
 * @param {Network} network
 * @param {number} seed
 */
function fromSeed({ layers, neuronLayers }, seed) {
  const begin = layers.findIndex(({ type }) => type === "Affine");
  const names = neuronLayers.slice(1).map(({ activation }) => nameOf(activation));
  const plain = neuronLayers
    .slice(1)
    .every(
      ({ affine, first, stop }, i) =>
        affine?.arrays.b && stop - first === (names[i] === "identity" ? 1 : 2),
    );
  const [output, hidden] = [names.at(-1), names[0]];
  const alike = names.slice(0, -1).every((name) => name === hidden);
  if (!plain || !alike || !hidden || !output) return null;
  const sizes = neuronLayers.map(({ size }) => size);
  return mlp(sizes, hidden, output, seed, layers.slice(0, begin));
}

/** @param {import("../network/layers.js").Layer | null} activation */
function nameOf(activation) {
  if (!activation) return "identity";
  return Object.keys(NAMED).find((name) => NAMED[name].type === activation.type);
}
