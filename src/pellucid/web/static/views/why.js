// A panel: why a neuron holds what it holds, and what would have to change.

import { h, say, set } from "../dom.js";
import { number, percent, signed } from "../format.js";
import { integrated } from "../network/reasons.js";
import { layerName } from "../texts.js";
import { bars } from "./bars.js";
import { contributions } from "./detail.js";
import { neuronName } from "./neuron.js";
import { otherwise } from "./otherwise.js";
import { canvas, paintGrey, paintSigned } from "./pixels.js";
import { similar } from "./similar.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 */

/** @param {Page} page @returns {View} */
export function why(page) {
  const { t, network, pictures, digits, facts } = page;
  const about = h("p", { "data-testid": "why-about" });
  const gradients = pictures ? pixels(page) : columns(page);
  const place = h("div", { class: "parts-of-sum" });
  /** @type {View[]} */
  const sections = [];
  if ((pictures || facts.fields.length) && network.classifies) sections.push(otherwise(page));
  if (digits.length) sections.push(similar(page));
  const element = h(
    "div",
    { class: "asked" },
    about,
    h(
      "div",
      { class: "sections" },
      h("section", {}, h("h3", {}, t("why.inputs")), gradients.element),
      h("section", {}, h("h3", {}, t("why.before")), place),
      ...sections.map((section) => section.element),
    ),
  );
  /** @type {import("./detail.js").Part[]} */
  let parts = [];
  /** @type {Neuron | undefined} */
  let asked;
  return {
    element,
    render(look, before) {
      const neuron = askedOf(look);
      const other = neuron.layer !== asked?.layer || neuron.index !== asked.index;
      if (other) {
        asked = neuron;
        parts = contributions(page, neuron);
        place.replaceChildren(...parts.map((part) => part.element));
        say(about, sentence(page, look, neuron));
      }
      if (other || look.pass !== before?.pass || look.state.theme !== before.state.theme) {
        for (const part of parts) part.render(look);
        gradients.render(look, integrated(look.network, look.pass.x, neuron.layer, neuron.index));
      }
      if (look.state.neuron !== before?.state.neuron) say(about, sentence(page, look, neuron));
      for (const section of sections) section.render(look, before);
    },
  };
}

/** The neuron that is asked: the chosen one, else the answer's. @param {Look} look @returns {Neuron} */
function askedOf({ state, network, pass, answer }) {
  return state.neuron ?? { layer: network.neuronLayers.length - 1, index: pass.y.length > 1 ? answer : 0 };
}

/** @param {Page} page @param {Look} look @param {Neuron} neuron */
function sentence(page, look, { layer, index }) {
  const place = page.network.neuronLayers[layer];
  const name = page.t("neuron.name", { layer: layerName(page.t, place), name: neuronName(page, place, index) });
  return page.t(look.state.neuron ? "why.chosen" : "why.answer", { name });
}

/** What every pixel adds, as a picture. @param {Page} page */
function pixels({ t, facts }) {
  const shape = /** @type {number[]} */ (facts.shape);
  const input = canvas(shape, { role: "img", "aria-label": t("why.picture") });
  const signs = canvas(
    shape.map((side) => 2 * side),
    { role: "img", "data-testid": "why-picture" },
  );
  const scale = h("small");
  const sum = sums(t);
  return {
    element: h(
      "div",
      {},
      h(
        "div",
        { class: "pictures" },
        h("figure", {}, input, h("figcaption", {}, t("why.picture"))),
        h("figure", {}, signs, h("figcaption", {}, t("why.adds"), " ", scale)),
        h("p", { class: "note" }, t("detail.pattern")),
      ),
      sum.element,
    ),
    /** @param {Look} look @param {import("../network/reasons.js").Integrated} found */
    render(look, found) {
      const largest = found.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      paintGrey(input, look.picture);
      paintSigned(signs, shape, found.values, largest);
      set(signs, { "aria-label": t("why.adds.label", { sum: signed(found.sum), largest: number(largest) }) });
      say(scale, `±${number(largest)}`);
      sum.render(found);
    },
  };
}

/** What every column adds, as bars. @param {Page} page */
function columns({ t, facts }) {
  const list = bars();
  const sum = sums(t);
  return {
    element: h("div", {}, list.element, sum.element),
    /** @param {Look} look @param {import("../network/reasons.js").Integrated} found */
    render(look, found) {
      list.render(
        Array.from(found.values, (value, i) => {
          const name = facts.columns[i] ?? String(i);
          return { name, value, told: `${name}: ${signed(value)}` };
        }),
      );
      sum.render(found);
    },
  };
}

/** From black to the drawing: what is added up, and what the sum leaves open. @param {import("../texts.js").Translate} t */
function sums(t) {
  const rows = /** @type {const} */ (["black", "plus", "minus", "now"]).map((name) => {
    const value = h("data", { "data-testid": `why-${name}` });
    const sign = { black: "", plus: "+", minus: "−", now: "=" }[name];
    const element = h(
      "div",
      { class: name === "now" ? "row total" : "row" },
      h("span", { class: "sign" }, sign),
      value,
      h("span", {}, t(`why.sum.${name}`)),
    );
    return { value, element };
  });
  const gap = h("p", { class: "note", "data-testid": "why-gap" });
  return {
    element: h("div", {}, h("div", { class: "sum" }, ...rows.map(({ element }) => element)), gap),
    /** @param {import("../network/reasons.js").Integrated} found */
    render(found) {
      const plus = found.values.reduce((sum, value) => sum + Math.max(value, 0), 0);
      [found.atBaseline, plus, plus - found.sum, found.atInput].forEach((value, i) => {
        say(rows[i].value, number(value));
        set(rows[i].value, { value });
      });
      say(gap, t("why.gap", { sum: signed(found.sum), gap: percent(found.gap), steps: found.steps }));
      set(gap, { "data-gap": found.gap });
    },
  };
}
