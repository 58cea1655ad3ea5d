// One neuron in detail: its weights, its inputs, the sum with its numbers, the curve, where its
// output goes.

import { h, reveal, set, setText } from "../dom.js";
import { roundedSum, number, signed, unsigned } from "../format.js";
import { STEPS } from "../lesson.js";
import { isOff } from "../network/edits.js";
import { concealed } from "../state.js";
import { layerName } from "../texts.js";
import { bars } from "./bars.js";
import { curve } from "./curve.js";
import { biasOf, neuronName, terms } from "./neuron.js";
import { pixelValue } from "./inputs.js";
import { canvas, fullColour, paintSigned } from "./pixels.js";
import { tuning } from "./tuning.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {{element: HTMLElement, render: (look: Look) => void}} Part
 */

/** @param {Page} page @returns {View} */
export function detail(page) {
  const { t, store } = page;
  const title = h("h2", { id: "detail-title" });
  const close = h(
    "button",
    { type: "button", class: "small", onclick: () => store.set({ neuron: null }) },
    t("neuron.close"),
  );
  const body = h("div", { class: "parts" });
  const element = h(
    "section",
    { class: "card detail", "data-testid": "neuron-detail", "aria-labelledby": "detail-title" },
    h("div", { class: "head" }, title, close),
    body,
  );
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") store.set({ neuron: null });
  });
  /** @type {Part[]} */
  let parts = [];
  let wasOff = false;
  /** @type {Neuron | null} */
  let shown = null;
  return {
    element,
    render(look, before) {
      const neuron = isShownByStep(look.state) ? null : look.state.neuron;
      const off = neuron !== null && isOff(look.state.edits, neuron);
      const hides = concealed(look.state);
      const other = neuron !== shown;
      const changed = !before || other || off !== wasOff || hides !== concealed(before.state);
      [shown, wasOff] = [neuron, off];
      if (changed) {
        set(element, { "data-open": neuron !== null });
        setText(title, neuron ? headline(page, neuron) : "");
        parts = neuron ? partsOf(page, look, neuron) : [];
        body.replaceChildren(...parts.map((part) => part.element));
        if (before && other && neuron && sheets.matches && !look.state.step) revealNeuron(neuron);
      }
      // pictures have the theme's colours
      const repainted = before && look.state.theme !== before.state.theme;
      if (changed || repainted || look.pass !== before?.pass)
        for (const part of parts) part.render(look);
    },
  };
}

/**
 * Whether the step of the lesson shows the chosen neuron's parts itself.
 * @param {import("../state.js").State} state
 */
function isShownByStep({ step, neuron }) {
  const meant = step && STEPS[step - 1].neuron;
  return Boolean(meant && meant[0] === neuron?.layer);
}

/**
 * Where there is little room the detail is a sheet over the window's lower half
 * (styles/layout.css).
 */
const sheets = matchMedia("(max-width: 899px)");

/** Keep the chosen neuron in sight above the sheet. @param {Neuron} neuron */
function revealNeuron({ layer, index }) {
  requestAnimationFrame(() =>
    reveal(document.querySelector(`[data-testid="neuron-${layer}-${index}"]`)),
  );
}

/** @param {Page} page @param {Neuron} neuron */
export function headline(page, { layer, index }) {
  const place = page.network.neuronLayers[layer];
  if (!layer && page.pictures) return page.t("pixel.title");
  const text = page.t("neuron.name", {
    layer: layerName(page.t, place),
    name: neuronName(page, place, index),
  });
  return text[0].toUpperCase() + text.slice(1);
}

/** @param {Page} page @param {Look} look @param {Neuron} neuron @returns {Part[]} */
function partsOf(page, look, neuron) {
  const { network } = page;
  const place = network.neuronLayers[neuron.layer];
  const onward = concealed(look.state) && network.neuronLayers[neuron.layer + 1]?.last;
  if (concealed(look.state) && place.last) return [note(page.t("answer.waits"))];
  const goes = () => (onward ? note(page.t("answer.waits")) : outgoing(page, neuron));
  if (neuron.layer === 0) return [pixelValue(page, neuron.index), goes()];
  if (isOff(look.state.edits, neuron)) return [note(page.t("detail.off")), tuning(page, neuron)];
  const parts = contributions(page, neuron);
  if (place.affine && place.activation) parts.push(curve(page, neuron));
  if (place.affine) parts.push(tuning(page, neuron));
  parts.push(
    place.last
      ? note(page.t("detail.outgoing.answer", { label: neuronName(page, place, neuron.index) }))
      : goes(),
  );
  return parts;
}

/**
 * Return the parts that show the inputs and their sum.
 * @param {Page} page
 * @param {Neuron} neuron
 * @param {number} [most] rows of a list
 * @returns {Part[]}
 */
export function contributions(page, neuron, most) {
  if (!page.network.neuronLayers[neuron.layer].affine) return [note(page.t("detail.residual"))];
  const { shape } = page.facts;
  const first =
    neuron.layer === 1 && shape ? pictures(page, shape, neuron) : incoming(page, neuron, most);
  return [first, sum(page, neuron)];
}

/** @param {string} text @returns {Part} */
export function note(text) {
  return { element: h("p", {}, text), render() {} };
}

/**
 * Weights, and weights x input, as pictures.
 * @param {Page} page
 * @param {number[]} shape
 * @param {Neuron} neuron
 * @returns {Part}
 */
export function pictures({ t }, shape, neuron) {
  const double = shape.map((side) => 2 * side);
  const [left, right] = [canvas(double, { role: "img" }), canvas(double, { role: "img" })];
  const [range, added] = [h("small"), h("small")];
  let painted = { weights: new Float64Array(0), theme: "" };
  const element = h(
    "div",
    { class: "pictures" },
    h("figure", {}, left, h("figcaption", {}, t("detail.weights"), " ", range)),
    h("figure", {}, right, h("figcaption", {}, t("detail.products"), " ", added)),
    h("p", { class: "note" }, t("detail.pattern")),
  );
  return {
    element,
    render(look) {
      const { weights, products, total } = terms(look, neuron);
      const [low, high] = [Math.min(...weights), Math.max(...weights)];
      // one scale for both pictures, or a full pixel would change colour
      const largest = fullColour(weights);
      if (
        weights.some((weight, i) => weight !== painted.weights[i]) ||
        look.state.theme !== painted.theme
      ) {
        paintSigned(left, shape, weights, largest);
        painted = { weights, theme: look.state.theme };
      }
      paintSigned(right, shape, products, largest);
      set(left, {
        "aria-label": t("detail.picture.weights", { low: number(low), high: number(high) }),
      });
      set(right, { "aria-label": t("detail.picture.products", { sum: number(total) }) });
      setText(range, `${number(low)} … ${signed(high)}`);
      setText(added, `Σ = ${number(total)}`);
    },
  };
}

/** @param {Page} page @param {Neuron} neuron @param {number} [most] rows @returns {Part} */
function incoming(page, neuron, most) {
  const { t, network } = page;
  const from = network.neuronLayers[neuron.layer - 1];
  const list = bars(undefined, most);
  return {
    element: h("div", {}, h("h3", {}, t("detail.incoming")), list.element),
    render(look) {
      const { before, weights, products } = terms(look, neuron);
      list.render(
        Array.from(products, (value, d) => {
          const name = neuronName(page, from, d);
          return {
            name,
            value,
            sentence: t("detail.incoming.row", {
              name,
              weight: number(weights[d]),
              activation: number(before[d]),
              product: signed(value),
            }),
          };
        }),
      );
    },
  };
}

/** @param {Page} page @param {Neuron} neuron @returns {Part} */
function outgoing(page, neuron) {
  const { t, network } = page;
  const place = neuron.layer + 1;
  const list = bars();
  const title = `${t("detail.outgoing")}: ${layerName(t, network.neuronLayers[place])}`;
  const element = h("div", {}, h("h3", {}, title), list.element);
  return {
    element,
    render(look) {
      // of the present network, which may be trained or edited
      const to = look.network.neuronLayers[place];
      if (!to.affine) return;
      const {
        shape: [, H],
        data,
      } = to.affine.arrays.W;
      const activation = look.network.activations(look.pass, neuron.layer)[neuron.index];
      list.render(
        Array.from({ length: H }, (_, i) => {
          const [weight, name] = [data[neuron.index * H + i], neuronName(page, to, i)];
          const value = weight * activation;
          return {
            name,
            value,
            sentence: t("detail.incoming.row", {
              name,
              weight: number(weight),
              activation: number(activation),
              product: signed(value),
            }),
          };
        }),
      );
    },
  };
}

/** The weighted sum with its numbers. @param {Page} page @param {Neuron} neuron @returns {Part} */
export function sum({ t }, neuron) {
  const [products, bias, total] = [
    h("data", {}),
    h("data", {}),
    h("data", { "data-testid": "weighted-sum" }),
  ];
  const sign = h("span", { class: "sign" });
  const row = (
    /** @type {string | Node} */ sign,
    /** @type {HTMLElement} */ value,
    /** @type {string} */ name,
    last = false,
  ) =>
    h(
      "div",
      { class: last ? "row total" : "row" },
      typeof sign === "string" ? h("span", { class: "sign" }, sign) : sign,
      value,
      h("span", {}, name),
    );
  const element = h(
    "div",
    {},
    h("h3", {}, t("detail.sum")),
    h(
      "div",
      { class: "sum" },
      row("", products, t("detail.sum.products")),
      row(sign, bias, t("detail.sum.bias")),
      row("=", total, t("detail.sum.total"), true),
    ),
  );
  return {
    element,
    render(look) {
      const known = biasOf(look, neuron.layer, neuron.index);
      const incoming = terms(look, neuron).total;
      const z = /** @type {Float64Array} */ (look.network.sums(look.pass, neuron.layer))[
        neuron.index
      ];
      const [first, second, whole] = roundedSum([incoming, known, z]);
      for (const [place, value, text] of /** @type {const} */ ([
        [products, incoming, first],
        [bias, known, unsigned(second)],
        [total, z, whole],
      ])) {
        setText(place, text);
        set(place, { value });
      }
      setText(sign, known < 0 ? "−" : "+");
    },
  };
}
