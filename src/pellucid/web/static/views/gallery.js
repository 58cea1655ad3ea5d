// The weights of a layer, a picture for each neuron, all on one scale.

import { h, set, setText } from "../dom.js";
import { number, short } from "../format.js";
import { layerName } from "../texts.js";
import { brightnessOf, neuronName } from "./neuron.js";
import { canvas, fullColour, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("./detail.js").Part} Part
 */

const MOST = 32; // pictures

/** @type {WeakMap<Page, Float64Array>} */
const spreads = new WeakMap();

/**
 * Return how much each pixel varies over the page's test digits, its standard deviation. Weights
 * times that are "as seen": at the border, where no digit has ink, weights stay as they began, and
 * would hide those that matter.
 * @param {Page} page
 */
export function spreadOf(page) {
  const known = spreads.get(page);
  if (known) return known;
  const [sums, squares] = [new Float64Array(page.D), new Float64Array(page.D)];
  for (const { pixels } of page.digits) {
    for (let d = 0; d < page.D; d++) {
      sums[d] += pixels[d] / 255;
      squares[d] += (pixels[d] / 255) ** 2;
    }
  }
  const N = page.digits.length;
  const spread = sums.map((sum, d) => Math.sqrt(Math.max(squares[d] / N - (sum / N) ** 2, 0)));
  spreads.set(page, spread);
  return spread;
}

/**
 * Weight pictures of the first hidden layer, each with its neuron's light: a click chooses the
 * neuron.
 * @param {Page} page
 * @returns {Part}
 */
export function gallery(page) {
  const { t, store } = page;
  const shape = /** @type {number[]} */ (page.facts.shape);
  const list = h("ul", { class: "weights" });
  /** @type {{button: HTMLButtonElement, picture: HTMLCanvasElement, value: HTMLElement}[]} */
  let tiles = [];
  let painted = { weights: /** @type {ArrayLike<number> | null} */ (null), theme: "" };
  const make = (/** @type {number} */ count) => {
    tiles = Array.from({ length: count }, (_, index) => {
      const picture = canvas(
        shape.map((side) => 2 * side),
        { "aria-hidden": "true" },
      );
      const value = h("span", { class: "value" });
      const onclick = () => {
        const { neuron } = store.state;
        const same = neuron?.layer === 1 && neuron.index === index;
        store.set({ neuron: same ? null : { layer: 1, index } });
      };
      const name = h("b", {}, String(index));
      const button = h("button", { type: "button", onclick }, picture, name, value);
      return { button, picture, value };
    });
    list.replaceChildren(...tiles.map(({ button }) => h("li", {}, button)));
  };
  return {
    element: list,
    render(look) {
      const place = look.network.neuronLayers[1];
      const { W } = place.affine?.arrays ?? {};
      if (!W) return;
      const count = Math.min(place.size, MOST);
      if (tiles.length !== count) make(count);
      if (painted.weights !== W.data || painted.theme !== look.state.theme) {
        paint(tiles, spreadOf(page), W.data, place.size, shape);
        painted = { weights: W.data, theme: look.state.theme };
      }
      const { activations, shares } = brightnessOf(look, 1);
      const { neuron } = look.state;
      tiles.forEach(({ button, value }, index) => {
        button.style.setProperty("--brightness", `${(100 * Math.abs(shares[index])).toFixed(1)}%`);
        setText(value, short(activations[index]));
        const words = {
          layer: layerName(t, place),
          name: neuronName(page, place, index),
          activation: number(activations[index]),
        };
        set(button, {
          "aria-label": t("neuron.label.plain", words),
          "aria-pressed": String(neuron?.layer === 1 && neuron.index === index),
        });
      });
    },
  };
}

/**
 * @param {{picture: HTMLCanvasElement}[]} tiles
 * @param {Float64Array} spread
 * @param {ArrayLike<number>} data weights, (D, H)
 * @param {number} H
 * @param {number[]} shape
 */
function paint(tiles, spread, data, H, shape) {
  const seen = tiles.map((_, index) =>
    spread.map((deviation, d) => deviation * data[d * H + index]),
  );
  const largest = fullColour(seen.flatMap((weights) => Array.from(weights)));
  tiles.forEach(({ picture }, index) => paintSigned(picture, shape, seen[index], largest));
}
