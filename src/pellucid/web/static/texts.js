// Texts in the language of the page. A test checks that both languages have the same keys and
// {places}.

import { en } from "./texts/en.js";
import { ko } from "./texts/ko.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {(key: Key, values?: Record<string, string | number>) => string} Translate */

/** @type {Record<"en" | "ko", Record<string, string>>} */
export const TEXTS = { en, ko };

/** @param {"en" | "ko"} language @returns {Translate} */
export function translator(language) {
  return (key, values = {}) => filled(TEXTS[language][key], values);
}

/** Put values into a text's {places}. @param {string} text @param {Record<string, any>} values */
export function filled(text, values) {
  return text.replace(/\{(\w+)(?::\.(\d)([g%]))?\}/g, (_, name, digits, kind) =>
    kind ? formatted(values[name], Number(digits), kind) : String(values[name]),
  );
}

/** Format as Python does with ".3g" and ".2%". @param {number} value @param {number} digits @param {string} kind */
function formatted(value, digits, kind) {
  if (kind === "%") return `${(100 * value).toFixed(digits)}%`;
  const [, exponent] = value.toExponential(digits - 1).split("e");
  const plain = Number(exponent) >= -4 && Number(exponent) < digits;
  if (plain || !Number.isFinite(value)) return String(Number(value.toPrecision(digits)));
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

/**
 * Return a hint with its epoch, in a language.
 * @param {import("./resources.js").Facts["hints"]} templates
 * @param {"en" | "ko"} language
 * @param {{kind: string, epoch: number, values: Record<string, number | string>}} hint
 */
export function hintLine(templates, language, { kind, epoch, values }) {
  const { line, [kind]: text } = templates[language];
  return filled(line, { epoch, hint: filled(text, values) });
}

/**
 * Return the name of a neuron layer.
 * @param {Translate} t
 * @param {{number: number, last: boolean}} layer
 */
export function layerName(t, layer) {
  if (layer.number === 0) return t("layer.input");
  return layer.last ? t("layer.output") : t("layer.hidden", { number: layer.number });
}
