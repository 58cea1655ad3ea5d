// Pictures on canvas: grey levels as they are, and signed numbers in the two colours of the page.

import { h } from "../dom.js";

/**
 * A canvas of that many pixels; the style sheet makes it larger, with sharp edges.
 * @param {number[]} shape height and width
 * @param {Record<string, any>} [attributes]
 */
export function canvas([height, width], attributes = {}) {
  return h("canvas", { height, width, ...attributes });
}

/**
 * Paint grey levels, 0 to 255.
 * @param {HTMLCanvasElement} target
 * @param {ArrayLike<number>} values
 */
export function paintGrey(target, values) {
  paint(target, (bytes) => {
    for (let i = 0, at = 0; i < values.length; i++, at += 4) {
      bytes[at] = bytes[at + 1] = bytes[at + 2] = values[i];
      bytes[at + 3] = 255;
    }
  });
}

/**
 * Paint signed numbers: blue above 0, orange below, clear at 0. Below 0 every other diagonal is
 * fainter: a pattern for those who do not tell the colours apart.
 * @param {HTMLCanvasElement} target twice as many pixels a side as there are numbers
 * @param {number[]} shape of the numbers
 * @param {ArrayLike<number>} values
 * @param {number} largest the number of full colour
 */
export function paintSigned(target, [height, width], values, largest) {
  const [plus, minus] = [colour("--plus"), colour("--minus")];
  const full = largest ? 255 / largest : 0;
  paint(target, (bytes) => {
    for (let y = 0, at = 0; y < 2 * height; y++) {
      for (let x = 0; x < 2 * width; x++, at += 4) {
        const value = values[(y >> 1) * width + (x >> 1)];
        if (value === 0) continue;
        const paint = value < 0 ? minus : plus;
        [bytes[at], bytes[at + 1], bytes[at + 2]] = paint;
        bytes[at + 3] = Math.abs(value) * full * (value < 0 && (x + y) & 1 ? 0.55 : 1);
      }
    }
  });
}

const WITHIN = 0.99; // of the weights are within the colours: a few that are larger would pale all

/**
 * Return the size that gets the full colour.
 * @param {ArrayLike<number>} values
 */
export function fullColour(values) {
  const sizes = Float64Array.from(values, Math.abs).sort();
  return sizes[Math.floor(WITHIN * (sizes.length - 1))];
}

/** @param {HTMLCanvasElement} target @param {(bytes: Uint8ClampedArray) => void} fill */
function paint(target, fill) {
  const context = /** @type {CanvasRenderingContext2D} */ (target.getContext("2d"));
  const image = context.createImageData(target.width, target.height);
  fill(image.data);
  context.putImageData(image, 0, 0);
}

/** @type {Map<string, number[]>} */
const colours = new Map();
const queries = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"];

/**
 * The red, green and blue of a colour of the style sheet, in the theme in force.
 * @param {string} name
 */
export function colour(name) {
  const key = [
    name,
    document.documentElement.dataset.theme,
    ...queries.map((query) => matchMedia(query).matches),
  ].join();
  const known = colours.get(key);
  if (known) return known;
  const probe = h("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  probe.remove();
  colours.set(key, found);
  return found;
}
