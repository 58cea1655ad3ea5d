// The colours of fields: orange for negative, blue for positive numbers, stronger for larger ones.

const LEVELS = 255; // an odd number, so that one is exactly 0

/**
 * @typedef {object} Palette
 * @property {Uint32Array} colours from the most negative to the most positive, as in an ImageData
 * @property {string} ink
 * @property {string} ground
 * @property {string} plus
 * @property {string} minus
 */

/** Read the colours of the page's theme. @param {HTMLElement} element within the page @returns {Palette} */
export function paletteOf(element) {
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (/** @type {string} */ name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const [plus, minus, ink, ground] = ["plus", "minus", "ink", "card"].map(colour);
  probe.remove();
  const [high, low, middle] = [plus, minus, ground].map(channels);
  const colours = Uint32Array.from({ length: LEVELS }, (_, i) => {
    const value = (2 * i) / (LEVELS - 1) - 1;
    const end = value < 0 ? low : high;
    const share = 0.85 * Math.abs(value);
    const mixed = middle.map((one, k) => Math.round(one + share * (end[k] - one)));
    return (255 << 24) | (mixed[2] << 16) | (mixed[1] << 8) | mixed[0];
  });
  return { colours, ink, ground, plus, minus };
}

/** @param {string} text such as rgb(1, 2, 3) */
function channels(text) {
  return (text.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

/**
 * Paint a field: every `stride`-th of the values from `first` on.
 * @param {CanvasRenderingContext2D} context of a canvas of `side` pixels
 * @param {ImageData} image of that size
 * @param {{values: Float64Array, first: number, stride: number}} field
 * @param {Palette} palette
 * @param {number} scale the value of the strongest colour
 * @param {number} [middle] the value without a colour
 */
export function paintField(context, image, { values, first, stride }, palette, scale, middle = 0) {
  const pixels = new Uint32Array(image.data.buffer);
  const half = (LEVELS - 1) / 2;
  const factor = half / (scale || 1);
  for (let i = 0, at = first; i < pixels.length; i++, at += stride) {
    const level = half + (values[at] - middle) * factor;
    // not a number: the comparisons are false, and the colour is that of the middle
    const bounded = level > LEVELS - 1 ? LEVELS - 1 : level > 0 ? level : level <= 0 ? 0 : half;
    pixels[i] = palette.colours[Math.round(bounded)];
  }
  context.putImageData(image, 0, 0);
}

/** Return the largest size of a field's finite values. @param {{values: Float64Array, first: number, stride: number}} field */
export function largest({ values, first, stride }) {
  let most = 0;
  for (let at = first; at < values.length; at += stride) {
    const size = Math.abs(values[at]);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}
