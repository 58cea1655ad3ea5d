// The main picture: the inputs, the activation of every neuron, the connections of one, the
// outputs.

import { h, s, set, setText } from "../dom.js";
import { short } from "../format.js";
import { layerName } from "../texts.js";
import { geometry, NAMED } from "./geometry.js";
import { backdrop, links } from "./links.js";
import { brightnessOf, changedMuch, neuronLabel, neuronName } from "./neuron.js";
import { nudges } from "./nudges.js";
import { canvas, paintGrey } from "./pixels.js";
import { watchNeurons } from "./selection.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {{neuron: Neuron, group: SVGGElement, value: SVGTextElement, bar: SVGRectElement | null,
 *   number: SVGTextElement | null}} Light
 */

const ROOM_FOR_VALUE = 11; // pixels: a circle of this radius has room for its number

/** @param {Page} page @returns {View} */
export function stage(page) {
  const { t, network, facts } = page;
  const shape = network.neuronLayers.map(({ size }) => size).join("-");
  const svg = s("svg", {
    class: "network",
    role: "group",
    "aria-label": t("stage.label", { shape }),
  });
  const picture = facts.shape && canvas(facts.shape, { class: "inputs", role: "img" });
  const frame = h("div", { class: "stage-frame" }, picture, svg);
  const element = h(
    "section",
    { class: "card stage", "aria-label": t("stage.label", { shape }) },
    frame,
    legend(page),
  );
  watchNeurons(page, svg, frame);

  /** @type {Geometry | undefined} */
  let place;
  let height = 0;
  /** @type {Light[]} */
  let lights = [];
  const linked = s("g", { class: "links" });
  const nudged = s("g", { class: "nudges", "aria-hidden": "true" });
  const layout = () => {
    const width = frame.clientWidth;
    const tall = width ? roomFor(element, frame) : 0;
    if (!width || (width === place?.width && Math.abs(tall - height) < 2)) return;
    height = tall;
    place = geometry(network.neuronLayers, facts.shape, width, tall);
    lights = drawn(page, svg, linked, place);
    svg.append(nudged);
    if (picture && place.picture) lay(picture, place);
    show(page.look(), null);
  };
  /** @param {Look} look @param {Look | null} before */
  const show = (look, before) => {
    if (!place) return;
    if (picture && look.picture !== before?.picture) {
      paintGrey(picture, look.picture);
      const pixels = Array.from(look.picture);
      set(picture, {
        "aria-label": t("stage.picture", {
          count: pixels.length,
          active: pixels.filter(Boolean).length,
        }),
      });
    }
    if (look.pass !== before?.pass) light(page, lights, look);
    const now = look.state.pointed ?? look.state.neuron;
    const then = before && (before.state.pointed ?? before.state.neuron);
    if (!before || now !== then || look.pass !== before.pass)
      linked.replaceChildren(...(now ? links(place, look, now) : []));
    const { panel, target } = look.state;
    if (
      look.pass !== before?.pass ||
      panel !== before.state.panel ||
      target !== before.state.target
    )
      nudged.replaceChildren(...nudges(place, look));
    if (look.state.neuron !== before?.state.neuron) choose(lights, look.state.neuron);
  };
  const sizes = new ResizeObserver(layout);
  sizes.observe(frame);
  // The lesson, and a second row of the toolbar, leave less room.
  requestAnimationFrame(() =>
    document.querySelectorAll(".lesson, .toolbar").forEach((other) => sizes.observe(other)),
  );
  addEventListener("resize", layout);
  return { element, render: (look, before) => (place ? show(look, before) : layout()) };
}

const GAP = 14; // pixels between cards
const LEAST_ROOM = 330;
const LEAST_BESIDE = 290; // above a step of the lesson on a phone
const MOST_ROOM = 900;

/**
 * Return the height at which all of the network is seen at once, and set where the columns begin
 * for the styles.
 * @param {HTMLElement} card
 * @param {HTMLElement} frame
 */
function roomFor(card, frame) {
  const lesson = document.querySelector(".lesson:not([hidden])");
  const wide = matchMedia(`(min-width: ${lesson ? 900 : 1100}px)`).matches;
  const above = wide ? topOf(card) : 0;
  document.documentElement.style.setProperty("--above", `${Math.round(above)}px`);
  const around = card.offsetHeight - frame.offsetHeight;
  const below = lesson && !wide ? lesson.clientHeight + topOf(card) + GAP : 150;
  const room = innerHeight - (wide ? above + GAP : below) - around;
  return Math.min(Math.max(room, lesson ? LEAST_BESIDE : LEAST_ROOM), wide ? MOST_ROOM : 620);
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

/**
 * Lay the canvas of the inputs over its place.
 * @param {HTMLCanvasElement} picture
 * @param {Geometry} place
 */
function lay(picture, { picture: area }) {
  if (!area) return;
  for (const [name, value] of /** @type {const} */ ([
    ["left", area.x],
    ["top", area.y],
    ["width", area.width],
    ["height", area.height],
  ])) {
    picture.style[name] = `${value}px`;
  }
}

const MOST_NUMBERED = 40;

/**
 * A neuron's number, beside its circle.
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {number} index
 */
function numbered(x, y, r, index) {
  const place = { x: (x - 0.75 * r).toFixed(1), y: (y - 0.7 * r).toFixed(1), "text-anchor": "end" };
  return s("text", { class: "index", ...place, "aria-hidden": "true" }, String(index));
}

/**
 * Draw what stays: faint lines, names, circles.
 * @param {Page} page
 * @param {SVGSVGElement} svg
 * @param {SVGGElement} linked
 * @param {Geometry} place
 * @returns {Light[]}
 */
function drawn(page, svg, linked, place) {
  const { t, network } = page;
  const { width, height, layers, titles, narrow } = place;
  set(svg, { viewBox: `0 0 ${width} ${height}`, width, height });
  /** @type {Light[]} */
  const lights = [];
  const groups = layers.map(({ layer, neurons, r, x }) => {
    const name = layerName(t, layer);
    const title =
      place.tight && layer.number && !layer.last
        ? t("layer.short", { number: layer.number })
        : name;
    const group = s("g", {
      role: "group",
      "aria-label": t("layer.neurons", { layer: name, count: layer.size }),
    });
    group.append(
      s(
        "text",
        { class: "title", x, y: titles, "text-anchor": "middle", "aria-hidden": "true" },
        title,
      ),
    );
    if (neurons.length < layer.size) {
      group.append(
        s(
          "text",
          { class: "title", x, y: titles + 14, "text-anchor": "middle" },
          t("layer.more", { count: layer.size - neurons.length }),
        ),
      );
    }
    neurons.forEach(({ x, y }, index) => {
      const made = circle(page, place, layer, index, x, y, r);
      lights.push(made);
      if (layer.number && !layer.last && layer.size <= MOST_NUMBERED && r >= 7)
        made.group.append(numbered(x, y, r, index));
      group.append(made.group);
    });
    return group;
  });
  if (place.picture) {
    const { x, y, width: side } = place.picture;
    groups.push(
      s(
        "g",
        { "aria-hidden": "true" },
        narrow
          ? s(
              "text",
              { class: "title", x: x + side + 12, y: y + 16 },
              `${layerName(t, network.neuronLayers[0])}: ${page.D}`,
            )
          : s(
              "text",
              { class: "title", x: x + side / 2, y: y - 12, "text-anchor": "middle" },
              `${layerName(t, network.neuronLayers[0])}: ${page.D}`,
            ),
      ),
    );
  }
  svg.replaceChildren(backdrop(place), linked, ...groups);
  return lights;
}

/**
 * @param {Page} page
 * @param {Geometry} place
 * @param {import("./geometry.js").LayerPlace["layer"]} layer
 * @param {number} index
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @returns {Light}
 */
function circle(page, place, layer, index, x, y, r) {
  const value = s("text", {
    class: "value",
    x,
    y,
    "text-anchor": "middle",
    dy: "0.35em",
    "font-size": Math.min(0.7 * r, 13).toFixed(1),
    visibility: r < ROOM_FOR_VALUE ? "hidden" : null,
  });
  const group = s(
    "g",
    {
      class: "neuron",
      role: "button",
      tabindex: index ? -1 : 0,
      "data-testid": `neuron-${layer.number}-${index}`,
      "data-layer": layer.number,
      "data-index": index,
    },
    s("circle", { class: "touch", cx: x, cy: y, r: r + 3 }),
    s("circle", { class: "lamp", cx: x, cy: y, r }),
    value,
  );
  if (layer.number === 0 && layer.size <= NAMED)
    group.append(
      s(
        "text",
        { class: "name", x: x - r - 8, y, dy: "0.35em", "text-anchor": "end" },
        fitting(neuronName(page, layer, index), Math.min(x - r - 8, 110)),
      ),
    );
  if (!layer.last)
    return { neuron: { layer: layer.number, index }, group, value, bar: null, number: null };
  const { x: right, bar: wide, value: room } = place.room;
  const name = neuronName(page, layer, index);
  const longest = Math.max(
    ...Array.from({ length: layer.size }, (_, i) => Math.min(neuronName(page, layer, i).length, 6)),
  );
  const start = right + 8 + 8 * longest;
  const bar = s("rect", { class: "bar", x: start, y: y - 4, height: 8, width: 0, rx: 2 });
  const number = s("text", { class: "number", x: start + wide + 6, y, dy: "0.35em" });
  if (layer.size <= NAMED) {
    group.append(
      s("text", { class: "name", x: right, y, dy: "0.35em" }, cut(name, 6)),
      s("rect", { class: "track", x: start, y: y - 4, height: 8, width: wide, rx: 2 }),
      bar,
    );
    if (room > 10) group.append(number);
  }
  bar.dataset.wide = String(wide);
  return { neuron: { layer: layer.number, index }, group, value, bar, number };
}

const [WIDE, THIN] = [13, 7.5]; // pixels of a letter at most: of Korean and its like, and of others

/** As much of a name as there is room for. @param {string} text @param {number} room pixels */
function fitting(text, room) {
  let taken = 0;
  const most = Array.from(text).findIndex(
    (letter) => (taken += letter > "\u1100" ? WIDE : THIN) > room,
  );
  return most < 0 ? text : cut(text, most);
}

/** @param {string} text @param {number} most */
function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Show every neuron's activation. @param {Page} page @param {Light[]} lights @param {Look} look */
function light(page, lights, look) {
  const layers = new Map();
  for (const {
    neuron: { layer, index },
    group,
    value,
    bar,
    number,
  } of lights) {
    if (!layers.has(layer)) layers.set(layer, brightnessOf(look, layer));
    const { activations, shares } = layers.get(layer);
    const share = shares[index];
    group.style.setProperty("--brightness", `${(100 * Math.abs(share)).toFixed(1)}%`);
    group.classList.toggle("bright", Math.abs(share) > 0.5);
    group.classList.toggle("below", share < 0);
    group.classList.toggle("changed", changedMuch(look, layer, index));
    setText(value, short(activations[index]));
    set(group, { "aria-label": neuronLabel(page, look, layer, index) });
    if (!bar || !number) continue;
    set(bar, { width: (Math.abs(share) * Number(bar.dataset.wide)).toFixed(1) });
    setText(number, short(activations[index]));
    group.classList.toggle(
      "winner",
      !look.empty && look.network.classifies && index === look.prediction,
    );
  }
}

/** @param {Light[]} lights @param {Neuron | null} chosen */
function choose(lights, chosen) {
  for (const { neuron, group } of lights) {
    set(group, {
      "aria-pressed": String(neuron.layer === chosen?.layer && neuron.index === chosen.index),
    });
  }
}
