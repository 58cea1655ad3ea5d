// A panel: why a neuron has its activation, and which change of the input would change the answer.

import { h, set, setText } from "../dom.js";
import { roundedSum, number, percent, signed, unsigned } from "../format.js";
import { isOff } from "../network/edits.js";
import { integrated } from "../network/reasons.js";
import { computing } from "../state.js";
import { layerName } from "../texts.js";
import { bars } from "./bars.js";
import { contributions, note } from "./detail.js";
import { neuronName } from "./neuron.js";
import { otherwise } from "./otherwise.js";
import { canvas, paintGrey, paintSigned } from "./pixels.js";
import { askedOf, deciding } from "./rivals.js";
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
  const reasons = h("p", { class: "plainly", "data-testid": "why-against" });
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
    reasons,
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
  let wasOff = false;
  return {
    element,
    render(look, before) {
      const neuron = askedOf(look);
      const off = isOff(look.state.edits, neuron);
      const other = neuron.layer !== asked?.layer || neuron.index !== asked.index || off !== wasOff;
      // without an answer there is nothing to explain
      const silent = look.empty && !computing(look.state);
      set(element, { "data-silent": silent });
      setText(about, silent ? t("why.empty") : sentence(page, look, neuron));
      setText(reasons, silent ? "" : against(page, look, neuron));
      if (other) {
        asked = neuron;
        wasOff = off;
        parts = off ? [note(t("detail.off"))] : contributions(page, neuron);
        place.replaceChildren(...parts.map((part) => part.element));
      }
      if (other || look.pass !== before?.pass || look.state.theme !== before.state.theme) {
        for (const part of parts) part.render(look);
        gradients.render(look, integrated(look.network, look.pass.x, neuron.layer, neuron.index));
      }
      for (const section of sections) section.render(look, before);
    },
  };
}

/** @param {Page} page @param {Look} look @param {Neuron} neuron */
function sentence(page, look, { layer, index }) {
  const place = page.network.neuronLayers[layer];
  const name = page.t("neuron.name", {
    layer: layerName(page.t, place),
    name: neuronName(page, place, index),
  });
  return page.t(computing(look.state) ? "why.chosen" : "why.answer", { name });
}

/**
 * Name the neurons that decide between the answer and a rival.
 * @param {Page} page @param {Look} look @param {Neuron} asked
 */
function against({ t }, look, asked) {
  const found = deciding(look, asked);
  if (!found) return "";
  const named = (/** @type {import("./rivals.js").Share[]} */ shares) =>
    shares.map(({ index, share }) => `${index} (${signed(share)})`).join(", ") || "–";
  const { network } = look;
  return t("why.against", {
    answer: network.label(found.first),
    rival: network.label(found.rival),
    gap: number(found.gap),
    layer: layerName(t, network.neuronLayers[found.layer]),
    plus: named(found.plus),
    minus: named(found.minus),
    bias: signed(found.bias),
  });
}

/** What each pixel adds, as a picture. @param {Page} page */
function pixels(page) {
  const { t, facts } = page;
  const shape = /** @type {number[]} */ (facts.shape);
  const input = canvas(shape, { role: "img", "aria-label": t("why.picture") });
  const signs = canvas(
    shape.map((side) => 2 * side),
    { role: "img", "data-testid": "why-picture" },
  );
  const scale = h("small");
  const sum = sums(page);
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
      set(signs, {
        "aria-label": t("why.adds.label", { sum: signed(found.sum), largest: number(largest) }),
      });
      setText(scale, `±${number(largest)}`);
      sum.render(found);
    },
  };
}

/** What each column adds, as bars. @param {Page} page */
function columns(page) {
  const { facts } = page;
  const list = bars();
  const sum = sums(page);
  return {
    element: h("div", {}, list.element, sum.element),
    /** @param {Look} look @param {import("../network/reasons.js").Integrated} found */
    render(look, found) {
      list.render(
        Array.from(found.values, (value, i) => {
          const name = facts.columns[i] ?? String(i);
          return { name, value, sentence: `${name}: ${signed(value)}` };
        }),
      );
      sum.render(found);
    },
  };
}

/**
 * The sum from the input at which the path begins to the present one, and its gap to the true
 * change.
 * @param {Page} page
 */
function sums({ t, pictures, facts }) {
  const from = pictures ? "black" : facts.fields.length ? "mean" : "zero";
  const rows = /** @type {const} */ (["black", "plus", "minus", "now"]).map((name) => {
    const value = h("data", { "data-testid": `why-${name}` });
    const sign = { black: "", plus: "+", minus: "−", now: "=" }[name];
    const text = t(name === "black" ? `why.sum.${from}` : `why.sum.${name}`);
    const element = h(
      "div",
      { class: name === "now" ? "row total" : "row" },
      h("span", { class: "sign" }, sign),
      value,
      h("span", {}, text),
    );
    return { value, element };
  });
  const gap = h("p", { class: "note", "data-testid": "why-gap" });
  return {
    element: h("div", {}, h("div", { class: "sum" }, ...rows.map(({ element }) => element)), gap),
    /** @param {import("../network/reasons.js").Integrated} found */
    render(found) {
      const plus = found.values.reduce((sum, value) => sum + Math.max(value, 0), 0);
      const values = [found.atBaseline, plus, plus - found.sum, found.atInput];
      const [black, added, taken, now] = roundedSum([
        found.atBaseline,
        plus,
        found.sum - plus,
        found.atInput,
      ]);
      [black, added, unsigned(taken), now].forEach((text, i) => {
        setText(rows[i].value, text);
        set(rows[i].value, { value: values[i] });
      });
      setText(
        gap,
        t(`why.gap.${from}`, {
          sum: signed(found.sum),
          gap: percent(found.gap),
          steps: found.steps,
        }),
      );
      set(gap, { "data-gap": found.gap });
    },
  };
}
