// Pointing at neurons and choosing them, by pointer and by keyboard.

import { set } from "../dom.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../state.js").Neuron} Neuron
 */

/**
 * Pointer, focus and keys, for all neurons at once. The frame listens: an SVG element that does is
 * a stop of the Tab key in Chromium.
 * @param {Page} page @param {SVGSVGElement} svg @param {HTMLElement} frame
 */
export function watchNeurons({ store, network }, svg, frame) {
  /** @param {Event} event @returns {Neuron | null} */
  const under = (event) => {
    const group = /** @type {Element} */ (event.target).closest(".neuron");
    return (
      group && {
        layer: Number(group.getAttribute("data-layer")),
        index: Number(group.getAttribute("data-index")),
      }
    );
  };
  /** @param {Neuron} neuron */
  const toggle = ({ layer, index }) => {
    const { neuron } = store.state;
    const open = neuron?.layer === layer && neuron.index === index;
    if (layer) store.set({ neuron: open ? null : { layer, index } });
  };
  /** @param {number} layer @param {number} index */
  const go = (layer, index) => {
    const size = network.neuronLayers[layer]?.size ?? 0;
    const next = svg.querySelector(
      `[data-layer="${layer}"][data-index="${Math.min(Math.max(index, 0), size - 1)}"]`,
    );
    if (!next) return;
    svg
      .querySelectorAll(`[data-layer="${layer}"][tabindex="0"]`)
      .forEach((old) => set(old, { tabindex: -1 }));
    set(next, { tabindex: 0 });
    /** @type {SVGGElement} */ (next).focus();
  };
  const point = (/** @type {Event} */ event) => store.set({ pointed: under(event) });
  const leave = () => store.set({ pointed: null });
  frame.addEventListener("pointerover", point);
  frame.addEventListener("pointerleave", leave);
  frame.addEventListener("focusin", point);
  frame.addEventListener("focusout", leave);
  frame.addEventListener("click", (event) => {
    const neuron = under(event);
    if (neuron) toggle(neuron);
  });
  frame.addEventListener("keydown", (event) => {
    const neuron = under(event);
    if (!neuron) return;
    const { layer, index } = neuron;
    if (event.key === "Enter" || event.key === " ") toggle(neuron);
    else if (event.key === "ArrowDown") go(layer, index + 1);
    else if (event.key === "ArrowUp") go(layer, index - 1);
    else if (event.key === "ArrowRight") go(layer + 1, index);
    else if (event.key === "ArrowLeft") go(layer - 1, index);
    else if (event.key === "Home") go(layer, 0);
    else if (event.key === "End") go(layer, Infinity);
    else if (event.key === "Escape") store.set({ neuron: null });
    else return;
    event.preventDefault();
  });
}
