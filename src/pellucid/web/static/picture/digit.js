// Pictures prepared as MNIST's were: the steps of data/images.py, with the same numbers.
// In between, ink is a grid of 0 (paper) to 1 (full ink).

import {
  blockMedian,
  blur,
  components,
  cut,
  grid,
  grow,
  localMedian,
  mapped,
  mean,
  median,
  padded,
  quantile,
  resize,
  roundEven,
  shrink,
  thin,
} from "./raster.js";

/** @typedef {import("./raster.js").Grid} Grid */

const SIDE = 28; // pixels: MNIST's picture
const BOX = 20; // pixels: MNIST's box for the digit
const FINE = 4; // times as fine as MNIST: strokes are thickened and thinned by whole fine pixels
const PEN = [1.9, 4.2]; // pixels: the widths of MNIST's strokes
const WORKING_SIDE = 512; // pixels: larger pictures are shrunk
const PAPER_SIDE = 128; // pixels: enough for the slow changes of light over paper
const EVEN = 0.15; // of the contrast: paper that varies less has even light
const LEAST_CONTRAST = 0.03; // below it a picture is blank
const LEAST_ON_PHOTOGRAPH = 0.12; // contrast: below it, ink is noise
const LEAST_MASS = 3; // working pixels of full ink: less is a speck

/**
 * @typedef {object} Prepared a drawing as the network sees it
 * @property {Uint8Array} picture (28, 28), 0 black to 255 white
 * @property {{top: number, left: number, bottom: number, right: number} | null} box around the ink,
 *   in the drawing
 */

/**
 * Prepare a drawing: crop, usual pen, 20 x 20 box, centre of mass in the middle. A picture in
 * MNIST's form stays.
 * @param {Uint8Array} drawing (28, 28), 0 black to 255 white
 * @returns {Prepared}
 */
export function centred(drawing) {
  const largest = drawing.reduce((a, b) => Math.max(a, b), 0);
  if (!largest) return { picture: drawing.slice(), box: null };
  const ink = {
    height: SIDE,
    width: SIDE,
    data: Float64Array.from(drawing, (value) => value / largest),
  };
  const box = inkBox(ink);
  if (isPrepared(drawing)) return { picture: drawing.slice(), box };
  const laid = centre(fit(usualPen(cut(ink, box.top, box.bottom, box.left, box.right))));
  return { picture: bytes(mapped(laid, (value) => value * (largest / 255))), box };
}

/**
 * Prepare any picture of one digit, whatever its size, light and paper, as pl.digit does; return
 * null where nothing stands out from the background.
 * @param {Grid} grey 0 black to 255 white, whole numbers
 * @returns {Uint8Array | null}
 */
export function fromPicture(grey) {
  if (grey.height === SIDE && grey.width === SIDE) {
    const own = Uint8Array.from(grey.data);
    const negative = own.map((value) => 255 - value);
    if (isPrepared(own)) return own;
    if (isPrepared(negative)) return negative;
  }
  const evened = evenLight(
    shrink(
      mapped(grey, (value) => value / 255),
      WORKING_SIDE,
    ),
  );
  const ink = findInk(evened);
  const kept = ink && keepDigit(ink);
  return kept && bytes(centre(fit(usualPen(crop(kept)))));
}

/** @param {Grid} ink */
function bytes(ink) {
  return Uint8Array.from(ink.data, (value) => roundEven(255 * Math.min(Math.max(value, 0), 1)));
}

/**
 * Even out the light: return how much darker or lighter each pixel is than the paper there.
 * @param {Grid} grey
 * @returns {Grid}
 */
function evenLight(grey) {
  const found = evenPaper(grey);
  if (found)
    return mapped(grey, (value) =>
      Math.min(Math.max((value - found.level) / found.contrast, -1), 1),
    );
  const coarse = shrink(grey, PAPER_SIDE);
  const wide = resize(localMedian(blockMedian(coarse, 24), 6), coarse.height, coarse.width);
  const difference = mapped(coarse, (value, i) => value - wide.data[i]);
  const sign = polarity(difference);
  const signed = mapped(difference, (value) => sign * value);
  const least = strength(signed) / 3;
  const ink = grow(
    mapped(signed, (value) => Number(value > least)),
    2,
  );
  const paper = resize(
    paperUnderInk(
      coarse,
      mapped(ink, (value) => 1 - value),
    ),
    grey.height,
    grey.width,
  );
  return mapped(
    grey,
    (value, i) => (value - paper.data[i]) / (sign < 0 ? Math.max(paper.data[i], 0.2) : 1),
  );
}

/**
 * Separate ink from paper; return null where nothing stands out from the paper's noise.
 * @param {Grid} evened
 * @returns {Grid | null}
 */
function findInk(evened) {
  const sign = polarity(evened);
  const signed = mapped(evened, (value) => sign * value);
  let smooth = signed;
  let noise = 0;
  let threshold = 0;
  for (const radius of [0, 1, 2, 3]) {
    smooth = blur(signed, Math.floor((radius * Math.max(evened.height, evened.width)) / 300));
    const middle = median(smooth.data);
    noise = 1.4826 * median(smooth.data.map((value) => Math.abs(value - middle)));
    threshold = halfway(smooth.data, strength(smooth) / 2);
    if (2 * threshold > Math.max(LEAST_ON_PHOTOGRAPH, 8 * noise)) break;
  }
  if (2 * threshold < Math.max(LEAST_ON_PHOTOGRAPH, 4 * noise)) return null;
  return mapped(smooth, (value) => Math.min(Math.max(value / threshold - 0.5, 0), 1));
}

/**
 * Remove specks and strokes that touch the edge; return null where nothing is left.
 * @param {Grid} ink
 * @returns {Grid | null}
 */
function keepDigit(ink) {
  const { labels, count } = components(ink, 0.25);
  const mass = new Float64Array(count + 1);
  const full = new Uint8Array(count + 1);
  ink.data.forEach((value, i) => {
    mass[labels[i]] += value;
    if (value > 0.6) full[labels[i]] = 1;
  });
  full[0] = 0; // the paper
  full.forEach((is, i) => (mass[i] *= is));
  const inside = mass.slice();
  labels.forEach((label, i) => {
    const [y, x] = [Math.floor(i / ink.width), i % ink.width];
    if (!y || !x || y === ink.height - 1 || x === ink.width - 1) inside[label] = 0;
  });
  const chosen = Math.max(...inside) > 0.1 * Math.max(...mass) ? inside : mass;
  const heaviest = Math.max(...chosen);
  if (heaviest < LEAST_MASS) return null;
  return mapped(ink, (value, i) => (chosen[labels[i]] >= 0.04 * heaviest ? value : 0));
}

/** Return the rows and columns around the ink. @param {Grid} ink */
function inkBox(ink) {
  let [top, bottom, left, right] = [ink.height, 0, ink.width, 0];
  ink.data.forEach((value, i) => {
    if (!(value > 0.5)) return;
    const [y, x] = [Math.floor(i / ink.width), i % ink.width];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
  });
  return { top, bottom, left, right };
}

/** @param {Grid} ink @returns {Grid} */
function crop(ink) {
  const { top, bottom, left, right } = inkBox(ink);
  return cut(ink, top, bottom, left, right);
}

/**
 * Thicken thin strokes and thin thick ones; the result is 4 times as fine as MNIST.
 * @param {Grid} ink
 * @returns {Grid}
 */
function usualPen(ink) {
  const missing = (1.5 * Math.max(ink.height, ink.width)) / (BOX * FINE) - penWidth(ink);
  if (missing > 0) {
    const steps = Math.ceil(missing / 2);
    ink = grow(padded(ink, steps), steps);
  }
  const fine = boxed(ink, BOX * FINE);
  const width = penWidth(fine) / FINE;
  const steps = roundEven((Math.abs(Math.min(Math.max(width, PEN[0]), PEN[1]) - width) * FINE) / 2);
  if (steps === 0) return fine;
  if (width < PEN[0]) return grow(padded(fine, steps), steps);
  const thinner = thin(padded(fine, 1), steps);
  return thinner.data.some((value) => value > 0.5) ? crop(thinner) : fine;
}

/**
 * Return the mean width of strokes: twice the area over the length of the outline.
 * @param {Grid} ink
 */
function penWidth(ink) {
  const { height, width, data } = padded(ink, 1);
  let area = 0;
  let sides = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const inside = data[at] > 0.5;
      area += Number(inside);
      if (y) sides += Number(inside !== data[at - width] > 0.5);
      if (x) sides += Number(inside !== data[at - 1] > 0.5);
    }
  }
  return (2 * area) / ((sides * Math.PI) / 4);
}

/** Fit ink into 20 x 20 pixels; the darkest becomes 1. @param {Grid} ink @returns {Grid} */
function fit(ink) {
  const small = boxed(ink, BOX);
  const largest = small.data.reduce((a, b) => Math.max(a, b), 0);
  return mapped(small, (value) => value / largest);
}

/**
 * Place ink in 28 x 28 pixels with its centre of mass at (14, 14), or as near as the edge allows.
 * @param {Grid} ink
 * @returns {Grid}
 */
function centre(ink) {
  const [row, column] = middle(ink);
  const top = Math.min(Math.max(roundEven(SIDE / 2 - row), 0), SIDE - ink.height);
  const left = Math.min(Math.max(roundEven(SIDE / 2 - column), 0), SIDE - ink.width);
  const canvas = grid(SIDE, SIDE);
  for (let y = 0; y < ink.height; y++) {
    canvas.data.set(ink.data.subarray(y * ink.width, (y + 1) * ink.width), (y + top) * SIDE + left);
  }
  return canvas;
}

/** Return row and column of the centre of mass. @param {Grid} ink */
export function middle(ink) {
  let [mass, rows, columns] = [0, 0, 0];
  ink.data.forEach((value, i) => {
    mass += value;
    rows += value * Math.floor(i / ink.width);
    columns += value * (i % ink.width);
  });
  return [rows / mass, columns / mass];
}

/** Whether a picture already has MNIST's form. @param {Uint8Array} picture (28, 28) */
function isPrepared(picture) {
  const ink = { height: SIDE, width: SIDE, data: Float64Array.from(picture) };
  const { top, bottom, left, right } = inkBox(ink); // any pixel that is not 0 is above 0.5
  if (picture.every((value) => value < 128) || Math.max(bottom - top, right - left) > BOX)
    return false;
  return Math.max(...middle(ink).map((place) => Math.abs(place - SIDE / 2))) < 0.75;
}

/**
 * Scale so that the longer side is `box`, the other at least 1.
 * @param {Grid} ink
 * @param {number} box
 */
function boxed(ink, box) {
  const longer = Math.max(ink.height, ink.width);
  const [height, width] = [ink.height, ink.width].map((side) =>
    Math.max(1, roundEven((side * box) / longer)),
  );
  return resize(ink, height, width);
}

/** Return -1 where ink is darker than paper, 1 where it is lighter. @param {Grid} difference */
function polarity(difference) {
  const [y, x] = [Math.floor(difference.height / 20), Math.floor(difference.width / 20)];
  const inner = cut(difference, y, difference.height - y, x, difference.width - x);
  return inner.data.reduce((sum, value) => sum + value ** 3, 0) < 0 ? -1 : 1;
}

/** Estimate how much full ink differs from paper. @param {Grid} signed */
function strength(signed) {
  return Math.max(quantile(signed.data, 0.998), 1e-6);
}

/**
 * Return the threshold half-way between the means of the values above and below it.
 * @param {Float64Array} values
 * @param {number} threshold
 */
function halfway(values, threshold) {
  for (let round = 0; round < 30; round++) {
    const above = values.filter((value) => value > threshold);
    if (!above.length || above.length === values.length) break;
    const before = threshold;
    threshold = (mean(above) + mean(values.filter((value) => value <= before))) / 2;
    if (Math.abs(threshold - before) < 1e-4) break;
  }
  return threshold;
}

/**
 * Return the paper's brightness and the ink's contrast where the light is even, else null.
 * @param {Grid} grey
 */
function evenPaper(grey) {
  const { height, width, data } = grey;
  const rim = [
    ...data.subarray(0, width),
    ...data.subarray((height - 1) * width),
    ...data.filter((_, i) => i % width === 0),
    ...data.filter((_, i) => i % width === width - 1),
  ];
  const [least, most] = data.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  const threshold = halfway(data, (least + most) / 2);
  const light = median(Float64Array.from(rim)) > threshold;
  const paper = data.filter((value) => value > threshold === light);
  const ink = data.filter((value) => value > threshold !== light);
  if (!paper.length || !ink.length) return null;
  const contrast = Math.abs(mean(ink) - mean(paper));
  const [low, level, high] = (light ? [0.1, 0.5, 0.99] : [0.01, 0.5, 0.9]).map((share) =>
    quantile(paper, share),
  );
  return high - low < EVEN * contrast && contrast > LEAST_CONTRAST ? { level, contrast } : null;
}

/**
 * Estimate the paper's brightness everywhere, also under the ink.
 * @param {Grid} grey
 * @param {Grid} paper 1 where paper is
 * @returns {Grid}
 */
function paperUnderInk(grey, paper) {
  const mass = paper.data.reduce((a, b) => a + b, 0);
  const start = mass
    ? grey.data.reduce((sum, value, i) => sum + value * paper.data[i], 0) / mass
    : mean(grey.data);
  let result = mapped(grey, () => start);
  for (const part of [3, 6, 12, 24]) {
    const radius = Math.max(1, Math.floor(Math.max(grey.height, grey.width) / (2 * part)));
    const weight = blur(paper, radius);
    const light = blur(
      mapped(grey, (value, i) => value * paper.data[i]),
      radius,
    );
    result = mapped(result, (value, i) => {
      const trust = Math.min(1, weight.data[i] / 0.3);
      return trust * (light.data[i] / Math.max(weight.data[i], 1e-9)) + (1 - trust) * value;
    });
  }
  return result;
}
