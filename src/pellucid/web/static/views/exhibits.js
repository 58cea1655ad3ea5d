// What comes to a step of the lesson: controls and pictures, within its card. Most are parts that
// the page has elsewhere, too, made by the same function for the same state.

import { h, s, set, setText } from "../dom.js";
import { number } from "../format.js";
import { computing, concealed } from "../state.js";
import { layerName } from "../texts.js";
import { chain } from "./chain.js";
import { codeLines } from "./codes.js";
import { curve } from "./curve.js";
import { contributions, headline, note, pictures, sum } from "./detail.js";
import { finish } from "./finish.js";
import { gallery } from "./gallery.js";
import { learnt } from "./learn.js";
import { nextDigit } from "./load.js";
import { pixelNumbers, weighing } from "./looking.js";
import { neuronName } from "./neuron.js";
import { brightness } from "./pad.js";
import { parameters } from "./parameters.js";
import { thresholds } from "./tuning.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("./detail.js").Part} Part
 * @typedef {import("../lesson.js").Exhibit} Exhibit
 */

/** @type {Record<Exhibit, (page: Page, neuron: Neuron) => Part>} */
const EXHIBITS = {
  pixels: pixelNumbers,
  brightness: (page) => brightness(page, "lesson-brightness"),
  lamp,
  weighing,
  pictures: (page, neuron) => pictures(page, /** @type {number[]} */ (page.facts.shape), neuron),
  sum,
  curve,
  bias: (page, neuron) => thresholds(page, neuron, "lesson-bias", false),
  other: (page) => fixed(h("p", {}, nextDigit(page, "lesson-digit"))),
  gallery,
  hope,
  shapes,
  count: (page) => fixed(parameters(page).element),
  chosen,
  chain: (page) => fixed(chain(page)),
  training: learnt,
  code,
  finish,
};

/**
 * Make an exhibit.
 * @param {Page} page
 * @param {Exhibit} name
 * @param {Neuron} neuron that the step speaks of
 * @returns {Part}
 */
export function exhibit(page, name, neuron) {
  return EXHIBITS[name](page, neuron);
}

/** A part that never changes. @param {HTMLElement} element @returns {Part} */
function fixed(element) {
  return { element, render() {} };
}

/** One neuron, large: its light is its number. @param {Page} page @param {Neuron} neuron @returns {Part} */
function lamp(page, { layer, index }) {
  const value = h("data", {});
  const glow = h("div", { class: "glow" }, value);
  const place = page.network.neuronLayers[layer];
  const ends = h("p", { class: "note" }, page.t("stage.off"), " … ", page.t("stage.on"));
  const words = { layer: layerName(page.t, place), name: neuronName(page, place, index) };
  const name = h("b", {}, page.t("neuron.name", words));
  return {
    element: h("div", { class: "lamp-line" }, glow, h("div", {}, name, ends)),
    render(look) {
      const activation = look.network.activations(look.pass, layer)[index];
      glow.style.setProperty("--brightness", `${(100 * activation).toFixed(1)}%`);
      glow.classList.toggle("bright", activation > 0.5);
      setText(value, number(activation));
      set(value, { value: activation });
    },
  };
}

const MOST = 6; // rows: what a card has room for

/** What comes into the chosen neuron; nothing while none is chosen. @param {Page} page @returns {Part} */
function chosen(page) {
  const element = h("div", { class: "chosen", "data-testid": "lesson-chosen", hidden: true });
  let made = "";
  /** @type {Part | null} */
  let part = null;
  return {
    element,
    render(look) {
      const neuron = computing(look.state);
      const tells = neuron && page.network.neuronLayers[neuron.layer].last;
      const waits = tells && concealed(look.state);
      const key = neuron ? [neuron.layer, neuron.index, waits].join() : "";
      if (key !== made) {
        made = key;
        part = neuron
          ? waits
            ? note(page.t("answer.waits"))
            : contributions(page, neuron, MOST)[0]
          : null;
        element.hidden = !part;
        const name = neuron ? [h("b", {}, headline(page, neuron))] : [];
        element.replaceChildren(...name, ...(part ? [part.element] : []));
      }
      part?.render(look);
    },
  };
}

/** Strokes of the hope, in a box of 28: edges, then patterns, then the digit. */
const HOPES = [
  ["M6 6Q14 1 21 6", "M21 6Q24 10 21 14", "M6 6Q3 10 6 14", "M21 14L19 26"],
  ["M14 3Q21 3 21 9T14 15T7 9T14 3", "M21 9L19 26"],
  ["M14 3Q21 3 21 9T14 15T7 9T14 3M21 9L19 26"],
];

/** Edges, patterns, a digit: what many introductions hope for. @param {Page} page @returns {Part} */
function hope({ t }) {
  const names = [t("hope.edges"), t("hope.patterns"), t("hope.digit")];
  const pictures = HOPES.map((strokes, i) =>
    h(
      "li",
      {},
      h(
        "span",
        { class: "strokes", "aria-hidden": "true" },
        ...strokes.map((d) => s("svg", { viewBox: "0 0 28 28" }, s("path", { d }))),
      ),
      names[i],
    ),
  );
  return fixed(h("ol", { class: "hope" }, ...pictures));
}

const [LONG, THIN, ROW] = [92, 30, 7]; // pixels: 784 and 16 of a matrix, and one row

/**
 * The matrices of one layer as boxes, for as many pictures as the slider says.
 * @param {Page} page
 * @returns {Part}
 */
function shapes(page) {
  const { t, network, D } = page;
  const H = network.neuronLayers[1].size;
  const size = h("input", {
    id: "lesson-batch",
    type: "range",
    min: 1,
    max: 10,
    value: 3,
    oninput: draw,
  });
  const count = h("output", { for: size.id, class: "value" });
  const made = ["x", "W", "b", "y"].map((name) => {
    const box = h("div", { class: "box" });
    const shape = h("small");
    return { box, shape, element: h("div", {}, box, h("b", {}, name), " ", shape) };
  });
  const [x, W, b, y] = made;
  let known = false;
  function draw() {
    const N = size.valueAsNumber;
    for (const [{ box, shape }, width, height, text] of /** @type {const} */ ([
      [x, LONG, ROW * N, `(${N}, ${D})`],
      [W, THIN, LONG, `(${D}, ${H})`],
      [b, THIN, ROW, `(${H},)`],
      [y, THIN, ROW * N, known ? `(${N}, ${H})` : "?"],
    ])) {
      box.style.width = `${width}px`;
      box.style.height = `${height}px`;
      setText(shape, text);
    }
    setText(count, `N = ${N}`);
  }
  const sign = (/** @type {string} */ text) => h("span", { class: "sign" }, text);
  const row = [x.element, W.element, sign("+"), b.element, sign("→"), y.element];
  return {
    element: h(
      "div",
      {},
      h("p", { class: "formula" }, "y = σ(x W + b)"),
      h("div", { class: "factors-drawn" }, ...row),
      h("div", { class: "setting" }, h("label", { for: size.id }, t("matrix.size")), size, count),
    ),
    render({ state }) {
      known = state.answers.matrix !== undefined;
      draw();
    },
  };
}

/** The network in PyTorch, as short as it can be. @param {Page} page @returns {Part} */
function code(page) {
  const label = { tabindex: 0, role: "region", "aria-label": "PyTorch", translate: "no" };
  const more = h(
    "button",
    { type: "button", class: "small", onclick: () => page.store.set({ panel: "torch" }) },
    page.t("codes.more"),
  );
  return fixed(h("div", {}, h("pre", label, h("code", {}, codeLines(page).join("\n"))), more));
}
