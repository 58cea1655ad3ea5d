// The misread test digits that are most like the drawing; choosing one loads it.

import { h, say } from "../dom.js";
import { count, number } from "../format.js";
import { asTaken, heldOut, pixelsOf } from "../heldout.js";
import { afterRest, breather } from "../later.js";
import { layerName } from "../texts.js";
import { tile } from "./tile.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../heldout.js").Misread} Misread
 */

const SHOWN = 8;
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
  const told = h("p", { role: "status" });
  const gallery = h("div", { class: "gallery" });
  function choose() {
    page.choose("by", by.value === "0" ? null : by.value);
    again();
  }
  const again = afterRest(REST, async (current) => {
    const look = page.look();
    const held = await heldOut(page, look.network);
    await pixelsOf(held.misread).catch(() => {});
    if (!current()) return;
    const total = count(held.rows);
    say(
      told,
      held.misread.length
        ? t("similar.told", { count: count(held.misread.length), total })
        : t("similar.none"),
    );
    const found = look.empty ? [] : await nearest(look, held.misread, Number(by.value));
    if (!current()) return;
    gallery.replaceChildren(...found.map(({ digit, far }) => card(page, digit, far)));
  });
  return {
    element: h(
      "section",
      {},
      h("h3", {}, t("similar.title")),
      h("div", { class: "line" }, h("label", { for: "similar-by" }, t("similar.by")), by),
      told,
      gallery,
    ),
    render(look, before) {
      if (look.pass !== before?.pass) again();
    },
  };
}

/** The nearest of the misread digits, by the activations of a neuron layer (0: the pixels). @param {import("../look.js").Look} look @param {Misread[]} misread @param {number} L */
async function nearest({ network, pass, state }, misread, L) {
  const here = network.activations(pass, L);
  const breathe = breather();
  const found = [];
  for (const digit of misread) {
    await breathe();
    if (!digit.pixels || digit.index === state.input.source.index) continue;
    const there = network.activations(network.forward(asTaken(network, digit.pixels)), L);
    found.push({ digit, far: Math.hypot(...here.map((value, i) => value - there[i])) });
  }
  return found.sort((a, b) => a.far - b.far).slice(0, SHOWN);
}

/** @param {Page} page @param {Misread} digit @param {number} far */
function card(page, digit, far) {
  const { index, label, answer } = digit;
  const words = { index, label, answer: page.network.label(answer), distance: number(far) };
  return tile(
    page,
    digit,
    "similar-digit",
    page.t("similar.digit", words),
    page.t("similar.card", words),
  );
}
