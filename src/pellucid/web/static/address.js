// Every state has an address: the part after "#", from which a link restores it.
//
//   t=445       test digit 445             d=...    a drawing: pixels with counted runs of 0
//   x=1,2.5     a row of numbers           b=60     brightness in percent
//   c=0         not centred                n=1.5    chosen neuron: hidden layer 1, neuron 5
//   p=count     an open panel              lang=ko  theme=dark
//   m=3         member 3 of an ensemble, by itself
//   e=b1.5:-10  edits of the network, unless they are long
//   y=3         the label of the drawing
//   v=other:4   choices within panels
//   hide=a,b    hidden controls            step=3   a step of the lesson
//   large=1     larger, for a classroom
//   play=...    the playground (playground/setup.js)
//
// A step has its own picture, neuron and panel. Only differences from it are written, "d=", "n="
// and "p=" for none.

import { DIGIT } from "./lesson.js";
import { EXAMPLE } from "./state.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Input} Input
 * @typedef {import("./network/edits.js").Edit} Edit
 */

/** Most characters of edits in an address: longer links are cut by mail and messengers. */
export const LONGEST_EDITS = 1500;

/**
 * @param {State} state
 * @param {boolean} pictures whether inputs are pixels
 * @param {string} [preferred] the language that is left out
 */
export function addressOf(state, pictures, preferred = "") {
  const { source } = state.input;
  const parts = inputWords(state, pictures);
  if (source.kind === "noise") parts.push("noise=1");
  if (state.brightness !== 100) parts.push(`b=${state.brightness}`);
  if (!state.centring) parts.push("c=0");
  if (state.member !== null) parts.push(`m=${state.member}`);
  if (state.neuron) parts.push(`n=${state.neuron.layer}.${state.neuron.index}`);
  else if (state.step) parts.push("n=");
  if (state.panel || state.step) parts.push(`p=${state.panel ?? ""}`);
  if (state.step) parts.push(`step=${state.step}`);
  if (typeof state.playground === "string") parts.push(`play=${state.playground}`);
  if (state.target !== null) parts.push(`y=${state.target}`);
  const chosen = Object.entries(state.choices).map(([name, value]) => `${name}:${value}`);
  if (chosen.length) parts.push(`v=${chosen.join(";")}`);
  const edits = editWords(state.edits);
  if (edits && edits.length <= LONGEST_EDITS) parts.push(`e=${edits}`);
  if (state.language !== preferred) parts.push(`lang=${state.language}`);
  if (state.theme !== "system") parts.push(`theme=${state.theme}`);
  if (state.large) parts.push("large=1");
  if (state.hidden.length) parts.push(`hide=${state.hidden.join(",")}`);
  return parts.length ? `#${parts.join("&")}` : "";
}

/**
 * Return the input; nothing for the one that the page or the lesson begins with.
 * @param {State} state
 * @param {boolean} pictures
 */
function inputWords({ input: { values, source }, step }, pictures) {
  if (source.example && source.index === (step ? DIGIT : EXAMPLE)) return [];
  if (source.kind === "test" || source.kind === "missing") return [`t=${source.index}`];
  if (!pictures) return [`x=${Array.from(values).join(",")}`];
  // an empty drawing is written, too: without "d=" the page begins with an example
  return [Array.prototype.some.call(values, Boolean) ? `d=${packed(values)}` : "d="];
}

/**
 * Read an address: only the parts that it names. Malformed parts are ignored.
 * @param {string} hash
 * @param {number} D inputs
 * @returns {Partial<State> & {digit?: number}} `digit` is the number of a test digit
 */
export function readAddress(hash, D) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {Partial<State> & {digit?: number}} */
  const found = {};
  const drawing = words.get("d") ?? words.get("x");
  const values =
    drawing === null
      ? null
      : words.has("d")
        ? unpacked(drawing, D)
        : drawing.split(",").map(Number);
  if (values && values.length === D && Array.from(values).every(Number.isFinite)) {
    found.input = { values, source: { kind: words.has("noise") ? "noise" : "drawn" } };
  }
  if (/^\d+$/.test(words.get("t") ?? "")) found.digit = Number(words.get("t"));
  if (/^\d+$/.test(words.get("m") ?? "")) found.member = Number(words.get("m"));
  const brightness = Number(words.get("b"));
  if (brightness >= 5 && brightness <= 100) found.brightness = Math.round(brightness);
  if (words.has("c")) found.centring = words.get("c") !== "0";
  const [, layer, index] = /^(\d+)\.(\d+)$/.exec(words.get("n") ?? "") ?? [];
  if (layer) found.neuron = { layer: Number(layer), index: Number(index) };
  else if (words.get("n") === "") found.neuron = null;
  if (words.has("p")) found.panel = words.get("p") || null;
  if (/^\d+$/.test(words.get("step") ?? "")) found.step = Number(words.get("step"));
  if (words.has("play")) found.playground = words.get("play");
  if (/^\d+$/.test(words.get("y") ?? "")) found.target = Number(words.get("y"));
  if (words.get("v")) found.choices = readChoices(/** @type {string} */ (words.get("v")));
  if (words.get("e")) found.edits = readEdits(/** @type {string} */ (words.get("e")), D);
  const [language, theme] = [words.get("lang"), words.get("theme")];
  if (language === "en" || language === "ko") found.language = language;
  if (theme === "light" || theme === "dark" || theme === "contrast") found.theme = theme;
  if (words.get("large") === "1") found.large = true;
  if (words.get("hide")) found.hidden = /** @type {string} */ (words.get("hide")).split(",");
  return found;
}

/**
 * Read choices; malformed ones are ignored.
 * @param {string} words
 * @returns {Record<string, string>}
 */
function readChoices(words) {
  const found = words.split(";").map((word) => /^([a-z]+):([\w.,-]{1,40})$/.exec(word));
  return Object.fromEntries(found.flatMap((match) => (match ? [[match[1], match[2]]] : [])));
}

/**
 * Return pixels as base64url; each 0 is followed by the length of its run.
 * @param {ArrayLike<number>} pixels
 */
export function packed(pixels) {
  const bytes = [];
  for (let i = 0; i < pixels.length; i++) {
    bytes.push(pixels[i]);
    if (pixels[i]) continue;
    let run = 1;
    while (run < 255 && pixels[i + 1] === 0 && i + 1 < pixels.length) [run, i] = [run + 1, i + 1];
    bytes.push(run);
  }
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

/**
 * Return the pixels; null where the text is no drawing of that length.
 * @param {string} text
 * @param {number} length
 * @returns {Uint8Array | null}
 */
export function unpacked(text, length) {
  if (!text) return new Uint8Array(length); // nothing was drawn
  let bytes;
  try {
    bytes = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  } catch {
    return null;
  }
  const pixels = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < bytes.length && at <= length; i++) {
    const value = bytes.charCodeAt(i);
    if (value) pixels[at++] = value;
    else at += bytes.charCodeAt(++i);
  }
  return at === length ? pixels : null;
}

/** @type {Record<string, Edit["kind"]>} */
const KINDS = { b: "bias", w: "weight", p: "paint", o: "off", a: "activation", l: "linear" };

/**
 * Return edits as text: the first letter of the kind, layer, source neuron, neuron, and after ":"
 * number, type or paint.
 * @param {Edit[]} edits
 */
export function editWords(edits) {
  return edits
    .map((/** @type {any} */ { kind, layer, from, neuron, value, type, levels }) => {
      const place = [layer, from, neuron].filter((one) => one !== undefined).join(".");
      const given = levels
        ? packed(levels.map((/** @type {number} */ level) => level & 255))
        : (value ?? type);
      return `${kind[0]}${place}${given === undefined ? "" : `:${String(given).replace("+", "")}`}`;
    })
    .join(";");
}

/**
 * Read edits; malformed ones are ignored, and networks ignore those that do not fit.
 * @param {string} words
 * @param {number} D
 * @returns {Edit[]}
 */
export function readEdits(words, D) {
  return words.split(";").flatMap((word) => {
    const [, letter, place, given = ""] = /^([bwpoal])([\d.]*)(?::(.*))?$/.exec(word) ?? [];
    if (!letter) return [];
    const kind = KINDS[letter];
    const places = place ? place.split(".").map(Number) : [];
    const [layer, ...within] = places;
    const [from, neuron] = kind === "weight" ? within : [undefined, within[0]];
    const levels = kind === "paint" && unpacked(given, D);
    /** @type {any} */
    const edit = { kind };
    if (kind !== "linear") edit.layer = layer;
    if (kind === "weight") edit.from = from;
    if (kind !== "linear" && kind !== "activation") edit.neuron = neuron;
    if (kind === "bias" || kind === "weight") edit.value = given ? Number(given) : NaN;
    if (kind === "activation") edit.type = given;
    if (kind === "paint") edit.levels = Array.from(Int8Array.from(levels || []));
    return places.every(Number.isInteger) ? [edit] : [];
  });
}
