// Numbers for people, the same everywhere on the page, with a true minus sign, which screen readers
// read aloud.

/** Return a number's text with a true minus sign. @param {string} text as JavaScript formats it */
export function minus(text) {
  return text.replaceAll("-", "−");
}

/** Remove the minus sign. @param {string} text a formatted number */
export function unsigned(text) {
  return text.replace(/^−/, "");
}

const UNITS = /** @type {const} */ ([
  [1e6, "M"],
  [1e3, "k"],
]);

/**
 * Format with two decimals; more for a small number, none for a large one, whose thousands are
 * separated.
 * @param {number} value
 */
export function number(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return minus(String(value));
  if (size >= 1e15) return minus(value.toExponential(2));
  if (size >= 1000) return minus(count(Math.round(value)));
  if (size && size < 0.005)
    return minus(size < 1e-6 ? value.toExponential(1) : value.toPrecision(2));
  return minus(value.toFixed(2));
}

/** Format with a sign. @param {number} value */
export function signed(value) {
  return value < 0 ? number(value) : `+${number(value)}`;
}

/**
 * Format numbers, the last of which is the sum of the others, with enough digits that the shown
 * ones add up, too: a reader who adds 1.99 and -0.94 must not find 1.04.
 * @param {number[]} values
 */
export function roundedSum(values) {
  for (let digits = 2; digits <= 6; digits++) {
    const shown = values.map((value) => Math.round(value * 10 ** digits));
    const total = shown.pop();
    const enough = values.every((value) => !value || Math.abs(value) * 10 ** digits >= 0.5);
    if (enough && shown.reduce((sum, value) => sum + value, 0) === total)
      return values.map((value) => minus(value.toFixed(digits)));
  }
  return values.map(number); // too large, or not finite
}

/**
 * Format for the room in a neuron: two decimals at most, thousands as "k", millions as "M", never
 * "-0.00".
 * @param {number} value
 */
export function short(value) {
  const size = Math.abs(value);
  for (const [unit, letter] of UNITS)
    if (size >= 0.9995 * unit && size < 999.5 * unit)
      return minus(`${(value / unit).toFixed(size < 9.95 * unit ? 1 : 0)}${letter}`);
  const text =
    size >= 1000
      ? value.toExponential(0)
      : size >= 10
        ? value.toFixed(0)
        : value.toFixed(size >= 9.95 ? 1 : 2);
  return Number(text) === 0 ? text.replace("-", "") : minus(text);
}

/** Format a share as a percentage. @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/**
 * Format the ends of an interval, rounded outward to two digits of its width.
 * @param {number} low
 * @param {number} high
 * @returns {[string, string]}
 */
export function interval(low, high) {
  const width = high - low;
  if (!(width > 0 && width < Infinity && Math.abs(low) + Math.abs(high) < 1e15))
    return [number(low), number(high)];
  const places = 1 - Math.floor(Math.log10(width));
  const unit = 10 ** -places;
  const digits = Math.min(Math.max(places, 0), 20);
  const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const ends = [Math.floor(low / unit) * unit, Math.ceil(high / unit) * unit];
  const [from, to] = ends.map((end) => minus((end + 0).toLocaleString("en", form)));
  return [from, to];
}

/** Format a whole number with separated thousands. @param {number} value */
export function count(value) {
  return value.toLocaleString("en");
}

/**
 * Return about how wide a text is, in font sizes: of Korean and its like a whole one a letter.
 * @param {string} text
 */
export function widthOf(text) {
  let width = 0;
  for (const letter of text)
    width += letter > "\u1100" ? 1 : ".,:'|ilj".includes(letter) ? 0.29 : 0.57;
  return width;
}

/** Return as much of a text as there is room for. @param {string} text @param {number} room in font sizes */
export function fitting(text, room) {
  if (widthOf(text) <= room) return text;
  let kept = Array.from(text);
  while (kept.length && widthOf(kept.join("")) + 0.9 > room) kept = kept.slice(0, -1);
  return `${kept.join("")}…`;
}
