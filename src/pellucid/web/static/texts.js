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
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
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
