// The misclassified test digits that are most like the drawing; choosing one loads it.

import { h, setText } from "../dom.js";
import { count, number } from "../format.js";
import { inputOf, heldOut, fetchPixels } from "../heldout.js";
import { afterRest, breather } from "../later.js";
import { layerName } from "../texts.js";
import { tile } from "./tile.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../heldout.js").Digit} Digit
 */

const SHOWN = 8; // digits
const REST = 400; // milliseconds without a change before the search begins

/** @param {Page} page @returns {import("../page.js").View} */
export function similar(page) {
  const { t, network } = page;
  const hidden = network.neuronLayers.length - 2; // the last hidden layer; 0 where there is none
  const by = h(
    "select",
    { id: "similar-by", "data-testid": "similar-by", onchange: choose },
    h("option", { value: 0 }, t("similar.pixels")),
    hidden
      ? h(
          "option",
          { value: hidden },
          t("similar.hidden", { layer: layerName(t, network.neuronLayers[hidden]) }),
        )
      : null,
  );
  if (hidden && page.store.state.choices.by === String(hidden)) by.value = String(hidden);
  const status = h("p", { role: "status" });
  const gallery = h("div", { class: "gallery" });
  function choose() {
    page.choose("by", by.value === "0" ? null : by.value);
    again();
  }
  const again = afterRest(REST, async (current) => {
    const look = page.look();
    const held = await heldOut(page, look.network);
    await fetchPixels(held.misclassified).catch(() => {});
    if (!current()) return;
    const total = count(held.rows);
    setText(
      status,
      held.misclassified.length
        ? t("similar.found", { count: count(held.misclassified.length), total })
        : t("similar.none"),
    );
    const found = look.empty ? [] : await nearest(look, held.misclassified, Number(by.value));
    if (!current()) return;
    gallery.replaceChildren(...found.map(({ digit, far }) => card(page, digit, far)));
  });
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("similar.title")),
      h("div", { class: "line" }, h("label", { for: "similar-by" }, t("similar.by")), by),
      status,
      gallery,
    ),
    render(look, before) {
      if (look.pass !== before?.pass) again();
    },
  };
}

/**
 * Return the nearest of the digits, by the activations of a neuron layer (0: the pixels).
 * @param {import("../look.js").Look} look
 * @param {Digit[]} digits
 * @param {number} L
 */
async function nearest({ network, pass, state }, digits, L) {
  const here = network.activations(pass, L);
  const breathe = breather();
  const found = [];
  for (const digit of digits) {
    await breathe();
    if (!digit.pixels || digit.index === state.input.source.index) continue;
    const there = network.activations(network.forward(inputOf(network, digit.pixels)), L);
    found.push({ digit, far: Math.hypot(...here.map((value, i) => value - there[i])) });
  }
  return found.sort((a, b) => a.far - b.far).slice(0, SHOWN);
}

/** @param {Page} page @param {Digit} digit @param {number} far */
function card(page, digit, far) {
  const { index, label, prediction } = digit;
  const words = { index, label, answer: page.network.label(prediction), distance: number(far) };
  return tile(
    page,
    digit,
    "similar-digit",
    page.t("similar.digit", words),
    page.t("similar.card", words),
  );
}
