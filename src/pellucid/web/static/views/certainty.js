// How sure the answer is, in words: the range or the classes, nine times out of ten, and in what a row is
// unlike those of training.

import { interval as ends, minus } from "../format.js";
import { classSet, interval, unlike } from "../network/certainty.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 */

const DAY = 86_400_000; // milliseconds, in which browsers count dates

/**
 * Return the range of a value, or the classes, nine times out of ten; nothing where it is not known: for
 * a network that was edited or trained here it is not.
 * @param {Page} page
 * @param {Look} look
 */
export function range({ t, facts, opened, network }, look) {
  const { intervals, least } = facts.certainty;
  const { y } = look.pass;
  if (look.network !== opened) return "";
  if (least !== null) {
    const names = classSet(least, y).map((k) => network.label(k));
    return t("answer.set", { labels: names.join(t("answer.or")) });
  }
  return intervals
    .map((known, k) => ends(...interval(known, y[k])))
    .map(([low, high]) => t("answer.interval", { low, high }))
    .join("; ");
}

/**
 * Return in what a row is unlike those of training, as a sentence; nothing for most.
 * @param {Page} page
 * @param {Look} look
 */
export function doubt({ t, facts }, look) {
  const reasons = unlike(facts, look.pass.x).map(({ kind, fields, values, end }) => {
    const texts = fields.map((i, k) => {
      const { name } = facts.fields[i];
      return values.length ? `${name} ${cell(facts.fields[i], values[k])}` : name;
    });
    const [first, second = ""] = texts;
    const limit = end === undefined ? "" : cell(facts.fields[fields[0]], end);
    return t(`unlike.${kind}`, { first, second, end: limit });
  });
  return reasons.length ? t("answer.unlike", { reasons: reasons.join(", ") }) : "";
}

/** @param {import("../resources.js").Field} field @param {number} value in its own units */
function cell(field, value) {
  if (field.dates) return new Date(DAY * value).toISOString().slice(0, 10);
  return minus(String(Number(value.toPrecision(6))));
}
