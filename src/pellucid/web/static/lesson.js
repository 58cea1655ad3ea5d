// The lesson's steps: the picture of each, the controls that come to it, and the question that
// waits for an answer. Its sentences are the texts "lesson.ID" and "ask.ID".

/**
 * @typedef {"pixel" | "dark" | "neuron" | "weight" | "sum" | "sigmoid" | "bias" | "layer" | "hope" |
 *   "network" | "matrix" | "count" | "activations" | "learning" | "torch" | "own"} StepId
 * @typedef {"pixels" | "brightness" | "lamp" | "weighing" | "pictures" | "sum" | "curve" | "bias" |
 *   "other" | "gallery" | "hope" | "chosen" | "shapes" | "count" | "chain" | "training" | "code" | "finish"}
 *   Exhibit a control or a picture within the lesson's card (views/exhibits.js)
 *
 * @typedef {object} Question
 * @property {number} [is] the number that answers it
 * @property {string} [of] or the name of that number among the step's values (views/facts.js)
 * @property {number} [choices] or how many answers there are to choose from: the texts "ask.ID.one"
 *   and so on
 * @property {string[]} [options] or those answers, where they are no words; with {places}
 * @property {number} [right] and which of them is right, from 0
 *
 * @typedef {object} LessonStep
 * @property {StepId} id
 * @property {[number, number]} [neuron] the chosen neuron: layer and index
 * @property {Exhibit[]} shows what comes to the step, in order
 * @property {Exhibit[]} [after] what comes with the answer
 * @property {("pad" | "stage")[]} beside parts of the page that a phone shows with the step; a desk
 *   shows both with every step
 * @property {string[]} names CSS selectors of all that text and question speak of: a test holds
 *   that each is wholly in sight, at five sizes
 * @property {string} [marks] CSS selector of what gets a ring in the network
 * @property {Question} [ask]
 * @property {string[]} terms of the field: the texts "term.NAME"
 */

/** The test digit that the lesson shows: a 3. */
export const DIGIT = 3620;
const [DRAWING, ANSWER] = ['[data-testid="drawing"]', '[data-testid="prediction"]'];
/** The neuron that the first half looks into: it lights up for 2 and 3. @type {[number, number]} */
const NEURON = [1, 8];
const MARK = '[data-testid="neuron-1-8"]';

/** @type {LessonStep[]} */
export const STEPS = [
  {
    id: "pixel",
    shows: ["pixels"],
    beside: [],
    names: [".pixels .board", ".pixels .numbers"],
    marks: ".inputs",
    ask: { choices: 3, right: 1 },
    terms: ["pixel", "input"],
  },
  {
    id: "dark",
    shows: ["brightness"],
    beside: ["pad"],
    names: [DRAWING, ANSWER, "#lesson-brightness"],
    ask: { choices: 3, right: 0 },
    terms: [],
  },
  {
    id: "neuron",
    neuron: NEURON,
    shows: ["lamp"],
    beside: ["pad"],
    names: [DRAWING, ".lesson .glow"],
    marks: MARK,
    terms: ["neuron", "activation"],
  },
  {
    id: "weight",
    neuron: NEURON,
    shows: ["weighing"],
    beside: [],
    names: [".weighing .board", ".weighing .product"],
    marks: MARK,
    ask: { choices: 2, right: 1 },
    terms: ["weight"],
  },
  {
    id: "sum",
    neuron: NEURON,
    shows: ["pictures", "other"],
    beside: [],
    names: [".lesson .pictures", '[data-testid="lesson-digit"]'],
    marks: MARK,
    ask: { is: 0.5 },
    terms: [],
  },
  {
    id: "sigmoid",
    neuron: NEURON,
    shows: ["curve"],
    beside: ["pad"],
    names: [DRAWING, ".lesson .plot"],
    marks: MARK,
    ask: { options: ["0", "0.5", "1"], right: 1 },
    terms: ["sigmoid", "function"],
  },
  {
    id: "bias",
    neuron: NEURON,
    shows: ["sum", "curve", "bias"],
    beside: [],
    names: [".lesson .sum", ".lesson .plot", '[data-testid="lesson-bias-slider"]'],
    marks: MARK,
    ask: { of: "threshold" },
    terms: ["bias", "sum", "threshold"],
  },
  {
    id: "layer",
    shows: ["gallery"],
    beside: [],
    names: [".lesson .weights"],
    marks: '[data-testid^="neuron-1-"]',
    ask: { of: "layerWeights" },
    terms: ["layer", "hidden"],
  },
  {
    id: "hope",
    shows: ["hope", "gallery"],
    beside: [],
    names: [".lesson .hope", ".lesson .weights"],
    ask: { choices: 3, right: 1 },
    terms: ["hidden"],
  },
  {
    id: "network",
    shows: ["chosen"],
    beside: ["stage"],
    names: [".network"],
    marks: '[data-testid^="neuron-3-"]',
    ask: { of: "before" },
    terms: ["output", "forward"],
  },
  {
    id: "count",
    shows: [],
    after: ["count"],
    beside: [],
    names: [],
    ask: { of: "own" },
    terms: ["parameter"],
  },
  {
    id: "matrix",
    shows: ["shapes"],
    beside: [],
    names: [".factors-drawn", "#lesson-batch"],
    ask: { options: ["({inputs}, {inputs})", "(10, {first})", "({first}, 10)"], right: 1 },
    terms: ["matrix", "batch"],
  },
  {
    id: "activations",
    shows: ["chain"],
    beside: [],
    names: [".chain .plot", "#chain-x", "#chain-bend"],
    ask: { is: 5 },
    terms: ["linear", "nonlinear"],
  },
  {
    id: "learning",
    shows: ["training"],
    beside: [],
    names: [".lesson .weights", ".lesson .try"],
    ask: { options: ["0 %", "10 %", "50 %"], right: 1 },
    terms: ["loss", "backward"],
  },
  {
    id: "torch",
    shows: ["code"],
    beside: [],
    names: [".lesson pre"],
    ask: { options: ["({inputs}, {first})", "({first}, {inputs})"], right: 1 },
    terms: ["transpose"],
  },
  {
    id: "own",
    shows: ["chosen", "finish"],
    beside: ["pad"],
    names: [DRAWING, ANSWER, ".lesson .finish button"],
    terms: [],
  },
];
