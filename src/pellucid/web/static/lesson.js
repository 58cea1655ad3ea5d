// The lesson's steps: the picture of each, and the elements that it explains. Its sentences are the
// texts "lesson.ID".

/**
 * @typedef {object} LessonStep
 * @property {"neuron" | "pixels" | "layers" | "weights" | "bias" | "sigmoid" | "matrix" | "count" |
 *   "activations" | "learning" | "torch"} id
 * @property {number} digit the test digit that is shown
 * @property {[number, number]} [neuron] the chosen neuron: layer and index
 * @property {string} [panel] the panel that is opened
 * @property {string} marked CSS selector of the elements that the step explains
 * @property {string[]} terms of the field: the texts "term.NAME"
 */

/** @type {LessonStep[]} */
export const STEPS = [
  {
    id: "neuron",
    digit: 500,
    marked: '[data-testid="neuron-1-3"]',
    terms: ["neuron", "activation"],
  },
  { id: "pixels", digit: 500, marked: ".inputs", terms: ["input", "pixel"] },
  {
    id: "layers",
    digit: 500,
    marked: '.network > [role="group"]',
    terms: ["layer", "hidden", "output"],
  },
  {
    id: "weights",
    digit: 500,
    neuron: [1, 3],
    marked: ".detail .pictures",
    terms: ["weight", "sum"],
  },
  { id: "bias", digit: 500, neuron: [2, 5], marked: ".detail .sum", terms: ["bias", "threshold"] },
  {
    id: "sigmoid",
    digit: 500,
    neuron: [2, 5],
    marked: ".detail .plot",
    terms: ["sigmoid", "function"],
  },
  {
    id: "matrix",
    digit: 500,
    panel: "matrix",
    marked: ".panel .matrix",
    terms: ["matrix", "batch", "forward"],
  },
  { id: "count", digit: 500, panel: "count", marked: ".panel tfoot", terms: ["parameter"] },
  { id: "activations", digit: 500, marked: ".lesson .chain", terms: ["linear", "nonlinear"] },
  {
    id: "learning",
    digit: 740,
    panel: "learn",
    marked: ".answer",
    terms: ["loss", "backward", "rate"],
  },
  { id: "torch", digit: 500, panel: "torch", marked: ".panel .codes", terms: ["transpose"] },
];
