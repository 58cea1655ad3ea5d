// The lesson's steps: what each shows, and what it speaks of. Its sentences stand with all others, under "lesson.ID".

/**
 * @typedef {object} LessonStep
 * @property {"neuron" | "pixels" | "layers" | "weights" | "bias" | "sigmoid" | "matrix" | "count" | "activations" |
 *   "learning" | "torch"} id
 * @property {number} digit the test digit that is shown
 * @property {[number, number]} [neuron] the chosen neuron: layer and index
 * @property {string} [panel] the panel that is opened; one of a server's own is left out where there is none
 * @property {string} spoken what the step speaks of, as a CSS selector
 * @property {string[]} terms words of the field, in the texts "term.NAME"
 */

/** @type {LessonStep[]} */
export const STEPS = [
  {
    id: "neuron",
    digit: 500,
    spoken: '[data-testid="neuron-1-3"]',
    terms: ["neuron", "activation"],
  },
  { id: "pixels", digit: 500, spoken: ".inputs", terms: ["input", "pixel"] },
  {
    id: "layers",
    digit: 500,
    spoken: '.network > [role="group"]',
    terms: ["layer", "hidden", "output"],
  },
  {
    id: "weights",
    digit: 500,
    neuron: [1, 3],
    spoken: ".detail .pictures",
    terms: ["weight", "sum"],
  },
  { id: "bias", digit: 500, neuron: [2, 5], spoken: ".detail .sum", terms: ["bias", "threshold"] },
  {
    id: "sigmoid",
    digit: 500,
    neuron: [2, 5],
    spoken: ".detail .plot",
    terms: ["sigmoid", "function"],
  },
  {
    id: "matrix",
    digit: 500,
    panel: "matrix",
    spoken: ".panel .matrix",
    terms: ["matrix", "batch", "forward"],
  },
  { id: "count", digit: 500, panel: "count", spoken: ".panel tfoot", terms: ["parameter"] },
  { id: "activations", digit: 500, spoken: ".lesson .chain", terms: ["linear", "nonlinear"] },
  {
    id: "learning",
    digit: 740,
    panel: "learn",
    spoken: ".answer",
    terms: ["loss", "backward", "rate"],
  },
  { id: "torch", digit: 500, panel: "torch", spoken: ".panel .codes", terms: ["transpose"] },
];
