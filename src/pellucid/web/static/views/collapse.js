// Without activations the layers are one Affine: their product, and a check that its outputs are
// the same.

import { h, set, setText } from "../dom.js";
import { count, minus, number } from "../format.js";
import { inputOf } from "../heldout.js";
import { collapsed } from "../network/edits.js";
import { LAYERS } from "../network/layers.js";
import { canvas, paintSigned } from "./pixels.js";

/**
 * @typedef {import("../network/network.js").Network} Network
 * @typedef {NonNullable<ReturnType<typeof collapsed>>} Product
 */

const MOST_SHOWN = 40; // outputs with a picture of their weights

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
export function collapse(page) {
  const { t, facts } = page;
  const result = h("p", { "data-testid": "collapse-result" });
  const same = h("p", { "data-testid": "collapse-same" });
  const pictures = h("div", { class: "gallery" });
  const limit = page.digits.length ? h("p", { class: "note" }, t("collapse.limit")) : null;
  const seed = h("p", { class: "note" }, t("collapse.seed"));
  const element = h("div", { class: "collapse" }, result, pictures, same, limit, seed);
  /**
   * @type {{network: Network | null, product: Product | null, digits: number}} `digits`: the
   *   largest difference on them
   */
  let shown = { network: null, product: null, digits: 0 };
  return {
    element,
    render(look, before) {
      const { network } = look;
      const repaint = look.state.theme !== before?.state.theme;
      if (network !== shown.network) {
        const product = collapsed(network);
        const inputs = product ? page.digits.map(({ pixels }) => inputOf(network, pixels)) : [];
        shown = {
          network,
          product,
          digits: Math.max(0, ...inputs.map((x) => difference(network, product, x))),
        };
      }
      const { product } = shown;
      element.hidden = !product;
      if (!product || (!repaint && network === before?.network && look.pass === before.pass))
        return;
      const [D, K] = [product.W.length / product.b.length, product.b.length];
      const chain = product.shapes.map(([rows, columns]) => `${rows} × ${columns}`).join(" · ");
      const counted = {
        chain,
        one: `${D} × ${K}`,
        count: count((D + 1) * K),
        all: count(network.parameterCount),
      };
      setText(result, t("collapse.result", counted));
      if (repaint || network !== before?.network)
        pictures.replaceChildren(...columns(page, network, product, facts.shape));
      const largest = Math.max(shown.digits, difference(network, product, look.pass.x));
      setText(
        same,
        t("collapse.same", {
          rows: count(page.digits.length + 1),
          difference: minus(largest.toExponential(1)),
        }),
      );
      set(same, { "data-difference": largest });
    },
  };
}

/**
 * Draw the product's columns as pictures.
 * @param {import("../page.js").Page} page
 * @param {Network} network
 * @param {Product} product
 * @param {number[] | null} shape
 */
function columns({ t }, network, { W, b }, shape) {
  const K = b.length;
  if (!shape || K > MOST_SHOWN) return [];
  const largest = W.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  return Array.from(b, (bias, k) => {
    const words = { label: network.label(k), bias: number(bias) };
    const picture = canvas(
      shape.map((side) => 2 * side),
      { role: "img", "aria-label": t("collapse.picture", words) },
    );
    paintSigned(
      picture,
      shape,
      W.filter((_, i) => i % K === k),
      largest,
    );
    return h("figure", {}, picture, h("figcaption", {}, words.label));
  });
}

/**
 * Return the largest difference of the outputs' weighted sums.
 * @param {Network} network
 * @param {Product | null} product
 * @param {ArrayLike<number>} x
 */
function difference(network, product, x) {
  const { W, b } = /** @type {Product} */ (product);
  const pass = network.forward(x);
  const L = network.neuronLayers.length - 1;
  const affine = {
    type: "Affine",
    options: {},
    arrays: {
      W: { shape: [W.length / b.length, b.length], data: W },
      b: { shape: [b.length], data: b },
    },
  };
  const z = LAYERS.Affine.forward(affine, network.activations(pass, 0));
  const own = /** @type {Float64Array} */ (network.sums(pass, L));
  return z.reduce((most, value, k) => Math.max(most, Math.abs(value - own[k])), 0);
}
