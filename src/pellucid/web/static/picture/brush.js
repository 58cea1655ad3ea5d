// Ink on a grid of pixels: a round pen with soft edges, along a line.

const PEN = 1.2; // pixels: the radius; with its soft edge about as wide as MNIST's strokes (2.4)
const ERASER = 2; // pixels: the radius

/**
 * Draw a line from one point to another; points are in pixels, (0.5, 0.5) the middle of the first.
 * @param {Uint8Array} pixels changed in place
 * @param {number[]} shape height and width
 * @param {{x: number, y: number}} from
 * @param {{x: number, y: number}} to
 * @param {boolean} erase
 */
export function stroke(pixels, [height, width], from, to, erase) {
  const reach = (erase ? ERASER : PEN) + 0.5;
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(from.y, to.y) + reach));
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
  const right = Math.min(width - 1, Math.ceil(Math.max(from.x, to.x) + reach));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const ink = Math.min(Math.max(reach - distance(column + 0.5, row + 0.5, from, to), 0), 1);
      const value = Math.round(255 * ink);
      const at = row * width + column;
      pixels[at] = erase ? Math.min(pixels[at], 255 - value) : Math.max(pixels[at], value);
    }
  }
}

/**
 * Return the distance from a point to a line.
 * @param {number} x
 * @param {number} y
 * @param {{x: number, y: number}} from
 * @param {{x: number, y: number}} to
 */
function distance(x, y, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const share = length
    ? Math.min(Math.max(((x - from.x) * dx + (y - from.y) * dy) / length, 0), 1)
    : 0;
  return Math.hypot(x - from.x - share * dx, y - from.y - share * dy);
}
