// The main picture: the inputs, the activation of every neuron, the connections that carry the
// input or belong to one neuron, the outputs; and the signals that run through all of them.

import { h, s, set } from "../dom.js";
import { concealed } from "../state.js";
import { choose, circles, light, name } from "./circles.js";
import { at, columnsOf, geometry } from "./geometry.js";
import { spreadOf } from "./gallery.js";
import { inputs } from "./inputs.js";
import { onKey } from "./keys.js";
import { backdrop, carrying, links } from "./links.js";
import { brightnessOf, neuronName } from "./neuron.js";
import { nudges } from "./nudges.js";
import { Overlay, drawLinks, drawThumbs } from "./overlay.js";
import { watchNeurons } from "./selection.js";
import { Signals } from "./signals.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("../state.js").Neuron} Neuron
 */

/**
 * Pages whose signals ran once by themselves: views are made anew.
 * @type {WeakSet<Page>}
 */
const begun = new WeakSet();

/** @param {Page} page @returns {View} */
export function stage(page) {
  const { t, network, facts } = page;
  const shape = network.neuronLayers.map(({ size }) => size).join("-");
  const label = t("stage.label", { shape });
  const svg = s("svg", { class: "network", role: "group", "aria-label": label });
  const picture = facts.shape && inputs(page, facts.shape);
  const [carries, thumbs, signals] = [
    new Overlay("carrying"),
    new Overlay("thumbs"),
    new Signals(),
  ];
  const below = [thumbs.element, carries.element];
  const frame = h(
    "div",
    { class: "stage-frame" },
    picture?.element,
    ...below,
    svg,
    signals.element,
  );
  const play = playButton(page, () => run(true));
  const inside = page.members.length && page.store.state.member === null;
  const hint = inside
    ? h(
        "p",
        { class: "note", "data-testid": "stage-members" },
        t("members.inside", { count: page.members.length }),
      )
    : null;
  const foot = h("div", { class: "stage-foot" }, legend(page), play);
  const element = h("section", { class: "card stage", "aria-label": label }, frame, hint, foot);
  watchNeurons(page, svg, frame);

  /** @type {Geometry | undefined} */
  let place;
  let type = 0;
  /** @type {ReturnType<typeof circles>} */
  let drawn = { groups: [], lights: [] };
  const linked = s("g", { class: "links" });
  const nudged = s("g", { class: "nudges", "aria-hidden": "true" });
  const pixel = s("rect", { class: "pixel", visibility: "hidden" });
  const names = (/** @type {import("./geometry.js").NeuronLayer} */ layer) =>
    Array.from({ length: layer.size }, (_, index) => neuronName(page, layer, index));

  const layout = () => {
    const width = frame.clientWidth;
    const tall = width ? roomFor(element, frame) : 0;
    const size = fontSize();
    const same = width === place?.width && Math.abs(tall - height) < 2 && size === type;
    if (!width || same) return;
    [height, type] = [tall, size];
    place = geometry(network.neuronLayers, facts.shape, width, tall, { type, names });
    signals.stop();
    for (const overlay of [carries, thumbs, signals.overlay]) overlay.resize(place);
    drawn = circles(page, place);
    set(svg, {
      viewBox: `0 0 ${place.width} ${place.height}`,
      width: place.width,
      height: place.height,
    });
    svg.replaceChildren(backdrop(place, page.D), linked, ...drawn.groups, nudged, pixel);
    picture?.lay(place);
    show(page.look(), null);
    if (begun.has(page)) return;
    begun.add(page);
    run(true);
  };
  let height = 0;

  /** @param {boolean} dark */
  const run = (dark) => {
    const look = page.look();
    if (!place || look.empty) return;
    const bright = place.layers.map(({ layer }) => brightnessOf(look, layer.number).shares);
    const hidden = concealed(look.state) ? network.neuronLayers.length - 1 : -1;
    const lit = (/** @type {number} */ L, /** @type {number} */ index) =>
      L !== hidden && bright[L - Number(facts.shape !== null)][index] > 0.5;
    signals.run(place, carrying(place, look), drawn.groups, { dark, lit });
  };
  page.onstroke = (begins) => (begins ? signals.stop() : run(false));
  onKey("p", () => run(true));

  /** @param {Look} look @param {Look | null} before */
  const show = (look, before) => {
    if (!place) return;
    picture?.render(look, before);
    const { state, pass } = look;
    const known = before?.state;
    const passed = pass !== before?.pass || concealed(state) !== (known && concealed(known));
    const repaint = !known || state.theme !== known.theme;
    if (passed) light(page, place, drawn.lights, look);
    if (passed || repaint) {
      carries.clear();
      drawLinks(carries, carrying(place, look), place);
    }
    if (facts.shape && (repaint || look.network !== before?.network || passed))
      thumb(look, repaint || look.network !== before?.network);
    const now = state.pointed ?? state.neuron;
    if (passed || now !== (known && (known.pointed ?? known.neuron))) {
      linked.replaceChildren(...(now ? links(place, look, now) : []));
      element.classList.toggle("one", now !== null);
    }
    const chose = state.neuron !== known?.neuron;
    if (passed || state.panel !== known?.panel || state.target !== known?.target || chose) {
      nudged.replaceChildren(...(concealed(state) ? [] : nudges(place, look)));
      name(drawn.lights, look);
    }
    if (chose) {
      choose(drawn.lights, state.neuron);
      mark(state.neuron);
    }
    const { input } = state;
    if (known && input !== known.input && input.source.kind !== "drawn") run(true);
  };

  /** @param {Look} look @param {boolean} other whether weights or colours are others */
  const thumb = (look, other) => {
    if (!place || !facts.shape) return;
    // The images of a network's only layer of weights are those of its outputs.
    const tells = network.neuronLayers.length === 2 && concealed(look.state);
    thumbs.element.hidden = tells;
    if (!other) return;
    thumbs.clear();
    const spread = page.digits.length ? spreadOf(page) : null;
    drawThumbs(thumbs, place, look, { shape: facts.shape, spread });
  };

  /** Mark the chosen pixel. @param {Neuron | null} neuron */
  const mark = (neuron) => {
    const found = place && neuron?.layer === 0 ? at(place, 0, neuron.index, page.D) : null;
    set(pixel, { visibility: found && place?.picture ? "visible" : "hidden" });
    if (!found || !place?.picture) return;
    const side = place.picture.width / columnsOf(place.picture, page.D);
    set(pixel, { x: found.x - side / 2, y: found.y - side / 2, width: side, height: side });
  };

  const sizes = new ResizeObserver(layout);
  sizes.observe(frame);
  // The lesson, and a second row of the toolbar, leave less room.
  requestAnimationFrame(() =>
    document.querySelectorAll(".lesson, .toolbar").forEach((other) => sizes.observe(other)),
  );
  addEventListener("resize", layout);
  return {
    element,
    render(look, before) {
      if (place) show(look, before);
      if (!place || look.state.large !== before?.state.large) layout();
    },
  };
}

/** The font size of values, which the styles decide. */
function fontSize() {
  const text = getComputedStyle(document.documentElement).getPropertyValue("--values");
  return Number.parseFloat(text) || 12;
}

const GAP = 14; // pixels between cards
const LEAST_ROOM = 330;
const LEAST_BESIDE = 290; // above a step of the lesson on a phone

/**
 * Return the height at which all of the network is seen at once, and set where the columns begin
 * for the styles.
 * @param {HTMLElement} card
 * @param {HTMLElement} frame
 */
function roomFor(card, frame) {
  const lesson = document.querySelector(".lesson:not([hidden])");
  const wide = matchMedia("(min-width: 900px)").matches;
  const above = wide ? topOf(card) : 0;
  document.documentElement.style.setProperty("--above", `${Math.round(above)}px`);
  const around = card.offsetHeight - frame.offsetHeight;
  const below = lesson && !wide ? lesson.clientHeight + topOf(card) + GAP : 150;
  const room = innerHeight - (wide ? above + GAP : below) - around;
  const least = lesson ? LEAST_BESIDE : LEAST_ROOM;
  return Math.min(Math.max(room, least), wide ? 80 * fontSize() : 620);
}

/**
 * Where the columns begin when nothing is scrolled: a sticky card would say where it sticks.
 * @param {HTMLElement} card
 */
function topOf(card) {
  const { parentElement: main } = card;
  if (!main) return 0;
  if (getComputedStyle(card).position === "static")
    return card.getBoundingClientRect().top + scrollY;
  const above = Array.from(main.querySelectorAll(".toolbar, .lesson"), (one) =>
    one.getBoundingClientRect(),
  );
  const ends = above.filter(({ height }) => height).map(({ bottom }) => bottom + GAP);
  return Math.max(main.getBoundingClientRect().top, ...ends) + scrollY;
}

/** @param {Page} page @param {() => void} onclick */
function playButton({ t }, onclick) {
  const attributes = { type: "button", class: "small moving", "data-testid": "signals-play" };
  const title = t("stage.play.help");
  return h(
    "button",
    { ...attributes, title, "aria-keyshortcuts": "p", onclick },
    h("span", { "aria-hidden": "true" }, "▶ "),
    t("stage.play"),
  );
}

/** @param {Page} page */
function legend({ t, facts }) {
  const sample = (/** @type {string} */ kind) =>
    s(
      "svg",
      { class: "sample", viewBox: "0 0 28 10", "aria-hidden": "true" },
      kind === "plus" || kind === "minus"
        ? s("line", { class: `link ${kind}`, x1: 1, y1: 5, x2: 27, y2: 5, "stroke-width": 3 })
        : s("circle", { class: `lamp ${kind}`, cx: 14, cy: 5, r: 4.4 }),
    );
  return h(
    "p",
    { class: "legend" },
    h("span", {}, sample("full"), t("stage.on")),
    h("span", {}, sample("none"), t("stage.off")),
    h("span", {}, sample("plus"), t("stage.positive")),
    h("span", {}, sample("minus"), t("stage.negative")),
    facts.shape ? null : h("span", {}, t("stage.help")),
  );
}
