// Every state has an address: what is seen, in the part after "#", so that a link shows it again.
//
//   t=445       test digit 445             d=...    a drawing: pixels, runs of 0 counted, in base64url
//   x=1,2.5     a row of numbers           b=60     brightness in percent
//   c=0         not centred                n=1.5    hidden layer 1, neuron 5 is chosen
//   p=count     an open panel              lang=ko  theme=dark
//   hide=a,b    controls that are hidden

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Input} Input
 */

/**
 * @param {State} state
 * @param {boolean} pictures whether inputs are pixels
 * @param {string} [preferred] the language and the theme that need no word
 */
export function addressOf(state, pictures, preferred = "") {
  const parts = [];
  const { values, source } = state.input;
  if (source.kind === "test") parts.push(`t=${source.index}`);
  else if (!pictures) parts.push(`x=${Array.from(values).join(",")}`);
  else if (Array.prototype.some.call(values, (value) => value)) parts.push(`d=${packed(values)}`);
  if (source.kind === "noise") parts.push("noise=1");
  if (state.brightness !== 100) parts.push(`b=${state.brightness}`);
  if (!state.centring) parts.push("c=0");
  if (state.neuron) parts.push(`n=${state.neuron.layer}.${state.neuron.index}`);
  if (state.panel) parts.push(`p=${state.panel}`);
  if (state.language !== preferred) parts.push(`lang=${state.language}`);
  if (state.theme !== "system") parts.push(`theme=${state.theme}`);
  if (state.hidden.length) parts.push(`hide=${state.hidden.join(",")}`);
  return parts.length ? `#${parts.join("&")}` : "";
}

/**
 * What an address says; of things that it does not name, nothing. Malformed parts are left out.
 * @param {string} hash
 * @param {number} D inputs
 * @returns {Partial<State> & {digit?: number}} `digit` is the number of a test digit, which the caller knows
 */
export function readAddress(hash, D) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {Partial<State> & {digit?: number}} */
  const found = {};
  const drawing = words.get("d") ?? words.get("x");
  const values = drawing === null ? null : words.has("d") ? unpacked(drawing, D) : drawing.split(",").map(Number);
  if (values && values.length === D && Array.from(values).every(Number.isFinite)) {
    found.input = { values, source: { kind: words.has("noise") ? "noise" : "drawn" } };
  }
  if (/^\d+$/.test(words.get("t") ?? "")) found.digit = Number(words.get("t"));
  const brightness = Number(words.get("b"));
  if (brightness >= 5 && brightness <= 100) found.brightness = Math.round(brightness);
  if (words.has("c")) found.centring = words.get("c") !== "0";
  const [, layer, index] = /^(\d+)\.(\d+)$/.exec(words.get("n") ?? "") ?? [];
  if (layer) found.neuron = { layer: Number(layer), index: Number(index) };
  if (words.get("p")) found.panel = words.get("p");
  const [language, theme] = [words.get("lang"), words.get("theme")];
  if (language === "en" || language === "ko") found.language = language;
  if (theme === "light" || theme === "dark" || theme === "contrast") found.theme = theme;
  if (words.get("hide")) found.hidden = /** @type {string} */ (words.get("hide")).split(",");
  return found;
}

/** Pixels as base64url; a 0 is followed by how many there are. @param {ArrayLike<number>} pixels */
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

/** @param {string} text @param {number} length @returns {Uint8Array | null} null where it is no drawing of that length */
export function unpacked(text, length) {
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
