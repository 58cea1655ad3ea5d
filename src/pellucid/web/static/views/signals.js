// Signals that run from the pixels to the answer, layer by layer, along the connections that carry
// the input. Nothing waits for them: the numbers are right from the start, and a stroke stops them.

import { Overlay, css } from "./overlay.js";

/**
 * @typedef {import("./geometry.js").Geometry} Geometry
 * @typedef {import("./links.js").Link} Link
 * @typedef {{layer: number, links: Link[]}[]} Layers
 */

const ONE_LAYER = 260; // milliseconds from one layer to the next
const WHOLE = 900; // milliseconds at most, however many layers
const RING = 220; // milliseconds that a layer rings when signals have come
const TAIL = 0.22; // length of a signal, as a share of its connection

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Signals {
  constructor() {
    this.overlay = new Overlay("signals");
    this.element = this.overlay.element;
    this.frame = 0;
    /** @type {SVGGElement[]} */
    this.groups = [];
  }

  /** Whether signals are on their way. */
  get running() {
    return this.frame !== 0;
  }

  /**
   * Run once.
   * @param {Geometry} place
   * @param {Layers} layers
   * @param {SVGGElement[]} groups the elements of the layers, in the order of `place.layers`
   * @param {{dark: boolean, lit: (layer: number, index: number) => boolean}} how whether layers are
   *   dark until signals come, and which neurons ring then
   */
  run(place, layers, groups, { dark, lit }) {
    this.stop();
    if (still.matches || !layers.length) return;
    const steps = place.layers.filter(({ layer }) => layer.number);
    const time = Math.min(ONE_LAYER, (WHOLE - RING) / steps.length);
    const stages = steps.map((own) => ({
      own,
      group: groups[place.layers.indexOf(own)],
      links: layers.find(({ layer }) => layer === own.layer.number)?.links ?? [],
    }));
    this.groups = stages.map(({ group }) => group);
    if (dark) for (const group of this.groups) group.classList.add("waiting");
    const colours = [css("--plus"), css("--minus"), css("--light")];
    const start = performance.now();
    /** @param {number} now */
    const next = (now) => {
      const passed = Math.max(0, now - start) / time;
      if (passed * time > stages.length * time + RING) return this.stop();
      this.frame = requestAnimationFrame(next);
      this.overlay.clear();
      stages.forEach(({ own, group, links }, i) => {
        const share = passed - i;
        if (share < 0) return;
        if (share < 1) pulses(this.overlay.context, links, eased(share), colours);
        else {
          group.classList.remove("waiting");
          const age = ((share - 1) * time) / RING;
          const ringing = own.neurons.filter((_, index) => lit(own.layer.number, index));
          if (age < 1) rings(this.overlay.context, ringing, own.r, age, colours[2]);
        }
      });
    };
    this.frame = requestAnimationFrame(next);
  }

  /** Stop at once: all layers are lit. */
  stop() {
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.overlay.clear();
    for (const group of this.groups) group.classList.remove("waiting");
  }
}

/** @param {number} share */
function eased(share) {
  return share < 0.5 ? 2 * share * share : 1 - 2 * (1 - share) * (1 - share);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Link[]} links
 * @param {number} share of the way
 * @param {string[]} colours
 */
function pulses(context, links, share, colours) {
  const [head, tail] = [Math.min(1, share * (1 + TAIL)), Math.max(0, share * (1 + TAIL) - TAIL)];
  context.lineCap = "round";
  for (const strong of [true, false])
    for (const minus of [false, true]) {
      context.strokeStyle = colours[Number(minus)];
      context.lineWidth = strong ? 4.5 : 2.5;
      context.beginPath();
      for (const { from, to, minus: sign, share: strength } of links) {
        if (sign !== minus || strength > 0.4 !== strong) continue;
        const [dx, dy] = [to.x - from.x, to.y - from.y];
        context.moveTo(from.x + tail * dx, from.y + tail * dy);
        context.lineTo(from.x + head * dx, from.y + head * dy);
      }
      context.stroke();
    }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./geometry.js").Point[]} neurons
 * @param {number} r
 * @param {number} age from 0 to 1
 * @param {string} colour
 */
function rings(context, neurons, r, age, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.globalAlpha = 1 - age;
  context.beginPath();
  for (const { x, y } of neurons) {
    context.moveTo(x + r * (1 + 0.35 * age), y);
    context.arc(x, y, r * (1 + 0.35 * age), 0, 2 * Math.PI);
  }
  context.stroke();
  context.globalAlpha = 1;
}
