// The stage's neurons: their circles, names, numbers and bars, and their light.

import { s, set, setText } from "../dom.js";
import { fitting, short, widthOf } from "../format.js";
import { concealed } from "../state.js";
import { layerName } from "../texts.js";
import { NAMED } from "./geometry.js";
import { brightnessOf, changedMuch, neuronLabel, neuronName } from "./neuron.js";
import { askedOf, deciding } from "./rivals.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("./geometry.js").LayerPlace} LayerPlace
 * @typedef {import("../state.js").Neuron} Neuron
 *
 * @typedef {object} Light a neuron's elements
 * @property {Neuron} neuron
 * @property {SVGGElement} group
 * @property {SVGTextElement | null} value
 * @property {number} room the width that the value has, in pixels; 0 beside a circle
 * @property {{fill: SVGRectElement, wide: number} | null} bar of an output
 */

/**
 * Make the elements of all layers.
 * @param {Page} page
 * @param {Geometry} place
 * @returns {{groups: SVGGElement[], lights: Light[]}} a group for each layer, and one for the input's
 *   name where the input is a picture
 */
export function circles(page, place) {
  /** @type {Light[]} */
  const lights = [];
  const groups = place.layers.map((layer) => {
    const name = layerName(page.t, layer.layer);
    const label = page.t("layer.neurons", { layer: name, count: layer.layer.size });
    const group = s("g", {
      role: "group",
      "aria-label": label,
      "data-layer-of": layer.layer.number,
    });
    group.append(...titles(page, place, layer, name));
    layer.neurons.forEach((_, index) => {
      const made = circle(page, place, layer, index);
      lights.push(made);
      group.append(made.group);
    });
    return group;
  });
  if (place.picture) groups.push(inputTitle(page, place, place.picture));
  return { groups, lights };
}

/** @param {Page} page @param {Geometry} place @param {LayerPlace} own @param {string} name */
function titles({ t }, place, { layer, neurons, x }, name) {
  const inner = layer.number && !layer.last;
  const short = place.tight && inner ? t("layer.short", { number: layer.number }) : name;
  const others = place.layers.map((other) => Math.abs(other.x - x)).filter((apart) => apart > 0);
  const room = (Math.min(...others, place.width) - 4) / widthOf(short);
  const size = Math.min(place.type, room).toFixed(1);
  const at = { class: "title", x, "text-anchor": "middle", "font-size": size };
  const found = [s("text", { ...at, y: place.titles, "aria-hidden": "true" }, short)];
  const more = layer.size - neurons.length;
  if (more)
    found.push(s("text", { ...at, y: place.titles + 14 }, t("layer.more", { count: more })));
  return found;
}

/**
 * @param {Page} page
 * @param {Geometry} place
 * @param {{x: number, y: number, width: number, height: number}} picture
 */
function inputTitle({ t, D, network }, { narrow, type }, { x, y, width, height }) {
  const at = { x: x + width / 2, y: y - 0.8 * type, "text-anchor": "middle" };
  const name = layerName(t, network.neuronLayers[0]);
  const text = narrow ? name : `${name}: ${D}`;
  const title = s("text", { class: "title", "font-size": type, ...at }, text);
  const seen = t("stage.seen");
  const below = { x: at.x, y: y + height + 1.4 * type, "text-anchor": "middle", "font-size": type };
  const fits = !narrow && widthOf(seen) * type < width;
  return s("g", { "aria-hidden": "true" }, title, fits ? s("text", below, seen) : null);
}

/**
 * @param {Page} page
 * @param {Geometry} place
 * @param {LayerPlace} own
 * @param {number} index
 * @returns {Light}
 */
function circle(page, place, own, index) {
  const { layer, r, neurons } = own;
  const { x, y } = neurons[index];
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
    s("rect", { class: "touch", ...touched(page, place, own, index) }),
    s("circle", { class: "lamp", cx: x, cy: y, r }),
  );
  const middle = { y, dy: "0.35em" };
  if (own.numbered) {
    const left = x - r - 4 - (own.thumb && own.thumb + 6);
    const at = { x: left.toFixed(1), ...middle, "font-size": numberType(place, own) };
    group.append(
      s(
        "text",
        { class: "index", "text-anchor": "end", "aria-hidden": "true", ...at },
        String(index),
      ),
    );
  }
  if (layer.number === 0 && layer.size <= NAMED) group.append(inputName(page, place, own, index));
  const bar = layer.last && layer.size <= NAMED ? output(page, place, own, index, group) : null;
  const value = own.values === "none" ? null : s("text", { class: "value", ...middle });
  if (value && own.values === "in") set(value, { x, "text-anchor": "middle" });
  else if (value)
    set(value, {
      class: "value beside",
      x: bar ? Number(bar.fill.getAttribute("x")) + bar.wide + 6 : x + r + 4,
      "font-size": valueType(place, own),
    });
  if (value) group.append(value);
  const room = own.values === "in" ? 1.72 * r : 0;
  return { neuron: { layer: layer.number, index }, group, value, room, bar };
}

/**
 * The area that chooses a neuron: its circle, and all that is beside it.
 * @param {Page} page
 * @param {Geometry} place
 * @param {LayerPlace} own
 * @param {number} index
 */
function touched(page, { room, type, width }, { layer, neurons, r, pitch, before, after }, index) {
  const { x, y } = neurons[index];
  const tall = Math.min(pitch, 2 * r + 6);
  const named = layer.number === 0 && layer.size <= NAMED;
  const name = named ? widthOf(neuronName(page, layer, index)) * type + 6 : 0;
  const left = Math.max(0, x - Math.max(r + 3, before, r + name));
  const right = layer.last ? room.x + room.name + 8 + room.bar : x + Math.max(r + 3, after);
  const wide = Math.max(0, Math.min(right, width) - left);
  return { x: left, y: y - tall / 2, width: wide, height: tall };
}

/** @param {Geometry} place @param {LayerPlace} own */
function valueType({ type }, { pitch }) {
  return Math.min(type, 0.85 * pitch).toFixed(1);
}

/** @param {Geometry} place @param {LayerPlace} own */
function numberType({ type }, { pitch }) {
  return Math.min(0.85 * type, 0.8 * pitch).toFixed(1);
}

/** @param {Page} page @param {Geometry} place @param {LayerPlace} own @param {number} index */
function inputName(page, { type }, { layer, neurons, r }, index) {
  const { x, y } = neurons[index];
  const name = fitting(neuronName(page, layer, index), (x - r - 6) / type);
  const at = { x: x - r - 6, y, dy: "0.35em", "text-anchor": "end", "font-size": type };
  return s("text", { class: "name", ...at }, name);
}

/**
 * An output's name and bar.
 * @param {Page} page
 * @param {Geometry} place
 * @param {LayerPlace} own
 * @param {number} index
 * @param {SVGGElement} group
 */
function output(page, { room, type }, { layer, neurons, pitch }, index, group) {
  const { y } = neurons[index];
  const name = fitting(neuronName(page, layer, index), room.name / type + 0.01);
  const start = room.x + room.name + 8;
  const thick = Math.min(0.65 * type, 0.6 * pitch);
  const at = { x: start, y: y - thick / 2, height: thick, rx: 2 };
  const fill = s("rect", { class: "bar", ...at, width: 0 });
  group.append(
    s("text", { class: "name", x: room.x, y, dy: "0.35em", "font-size": type }, name),
    s("rect", { class: "track", ...at, width: room.bar }),
    fill,
  );
  return { fill, wide: room.bar };
}

/**
 * Show every neuron's activation; none of the outputs' while the answer is hidden.
 * @param {Page} page
 * @param {Geometry} place
 * @param {Light[]} lights
 * @param {Look} look
 */
export function light(page, { type }, lights, look) {
  const brightness = new Map();
  const hides = concealed(look.state);
  const last = look.network.neuronLayers.length - 1;
  for (const { neuron, group, value, room, bar } of lights) {
    const { layer, index } = neuron;
    if (!brightness.has(layer)) brightness.set(layer, brightnessOf(look, layer));
    const { activations, shares } = brightness.get(layer);
    const hidden = hides && layer === last;
    const share = hidden ? 0 : shares[index];
    const size = Math.abs(share);
    group.style.setProperty("--brightness", `${(100 * size).toFixed(1)}%`);
    group.classList.toggle("bright", size > 0.5);
    group.classList.toggle("below", share < 0);
    group.classList.toggle("changed", !hidden && changedMuch(look, layer, index));
    set(group, { "aria-label": neuronLabel(page, look, layer, index) });
    if (value) write(value, hidden ? "?" : short(activations[index]), room, type);
    if (!bar) continue;
    set(bar.fill, { width: (size * bar.wide).toFixed(1) });
    const wins = !hidden && !look.empty && look.network.classifies && index === look.prediction;
    group.classList.toggle("winner", wins);
  }
}

/**
 * Write a value, smaller where its circle has no room for it.
 * @param {SVGTextElement} element
 * @param {string} text
 * @param {number} room
 * @param {number} type
 */
function write(element, text, room, type) {
  if (element.textContent === text) return;
  if (room && element.textContent?.length !== text.length)
    set(element, { "font-size": Math.min(type, room / widthOf(text)).toFixed(1) });
  setText(element, text);
}

/**
 * Mark the neurons that "Ask why" names while it is open.
 * @param {Light[]} lights
 * @param {Look} look
 */
export function name(lights, look) {
  const { state, empty } = look;
  const asks = state.panel === "why" && !concealed(state) && !(empty && !state.neuron);
  const found = asks ? deciding(look, askedOf(look)) : null;
  const named = (
    /** @type {import("./rivals.js").Share[] | undefined} */ shares,
    /** @type {Neuron} */ one,
  ) => one.layer === found?.layer && Boolean(shares?.some(({ index }) => index === one.index));
  for (const { neuron, group } of lights) {
    group.classList.toggle("for", named(found?.plus, neuron));
    group.classList.toggle("against", named(found?.minus, neuron));
  }
}

/** @param {Light[]} lights @param {Neuron | null} chosen */
export function choose(lights, chosen) {
  for (const { neuron, group } of lights) {
    set(group, {
      "aria-pressed": String(neuron.layer === chosen?.layer && neuron.index === chosen.index),
    });
  }
}
