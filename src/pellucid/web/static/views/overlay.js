// Canvases over the stage: connections that carry the input, and weight images beside neurons. They
// cost less than a thousand elements would, and nothing on them is read or chosen.

import { h } from "../dom.js";
import { colour, paintSigned } from "./pixels.js";

/**
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("./links.js").Link} Link
 * @typedef {import("../look.js").Look} Look
 */

const LEVELS = 5; // steps of strength: links of one step are drawn at once

/** A canvas over the whole stage, sharp on any screen. */
export class Overlay {
  /** @param {string} name a class */
  constructor(name) {
    this.element = h("canvas", { class: `overlay ${name}`, "aria-hidden": "true" });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.element.getContext("2d"));
    this.width = this.height = 0;
  }

  /** @param {Geometry} place */
  resize({ width, height }) {
    const scale = devicePixelRatio || 1;
    [this.width, this.height] = [width, height];
    this.element.width = Math.round(width * scale);
    this.element.height = Math.round(height * scale);
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

/**
 * Draw connections: wider and stronger in colour by their share, negative ones dashed.
 * @param {Overlay} overlay
 * @param {{links: Link[]}[]} layers
 * @param {Geometry} place
 */
export function drawLinks({ context }, layers, { picture }) {
  const links = layers.flatMap((layer) => layer.links);
  for (const minus of [true, false]) {
    context.strokeStyle = css(minus ? "--minus" : "--plus");
    context.setLineDash(minus ? [5, 4] : []);
    for (let level = 0; level < LEVELS; level++) {
      const share = (level + 1) / LEVELS;
      context.lineWidth = 0.4 + 2.6 * share;
      context.globalAlpha = 0.22 + 0.6 * share;
      context.beginPath();
      for (const link of links) {
        if (link.minus !== minus || Math.min(LEVELS - 1, Math.floor(link.share * LEVELS)) !== level)
          continue;
        context.moveTo(link.from.x, link.from.y);
        context.lineTo(link.to.x, link.to.y);
      }
      context.stroke();
    }
  }
  context.setLineDash([]);
  if (picture) {
    // over the picture they are fainter: it is to be seen, too
    context.globalCompositeOperation = "destination-out";
    context.globalAlpha = 0.72;
    context.fillRect(picture.x, picture.y, picture.width, picture.height);
    context.globalCompositeOperation = "source-over";
  }
  context.globalAlpha = 1;
}

/**
 * Draw the weights of each neuron of the first layer as an image left of it.
 * @param {Overlay} overlay
 * @param {Geometry} place
 * @param {Look} look
 * @param {{shape: number[], spread: Float64Array | null}} images shape, and by how much each pixel
 *   varies: weights of pixels that never vary stay as they began, and would hide the others
 */
export function drawThumbs({ context }, place, look, { shape, spread }) {
  const own = place.layers.find(({ thumb }) => thumb > 0);
  const { W } = own ? (look.network.neuronLayers[1].affine?.arrays ?? {}) : {};
  if (!own || !W) return;
  const [D, H] = W.shape;
  const sheet = h("canvas", { height: 2 * shape[0], width: 2 * shape[1] });
  const scale = own.thumb / Math.max(...shape);
  const [height, width] = shape.map((side) => side * scale);
  own.neurons.forEach(({ x, y }, index) => {
    const weights = Float64Array.from(
      { length: D },
      (_, d) => W.data[d * H + index] * (spread ? spread[d] : 1),
    );
    const most = 0.8 * weights.reduce((found, weight) => Math.max(found, Math.abs(weight)), 0);
    paintSigned(sheet, shape, weights, most);
    const [left, top] = [x - own.r - 6 - own.thumb, y - height / 2];
    context.fillStyle = css("--off");
    context.fillRect(left, top, width, height);
    context.drawImage(sheet, left, top, width, height);
    context.strokeStyle = css("--line");
    context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  });
}

/** A colour of the style sheet as a canvas takes it. @param {string} name */
export function css(name) {
  return `rgb(${colour(name).join()})`;
}
