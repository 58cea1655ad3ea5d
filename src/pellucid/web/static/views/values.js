// The numbers in a step's texts, and those that answer its question.

import { count, number, roundedSum } from "../format.js";
import { concealed } from "../state.js";
import { layerName } from "../texts.js";
import { biasOf, neuronName, terms } from "./neuron.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../state.js").Neuron} Neuron
 * @typedef {import("../lesson.js").LessonStep} LessonStep
 */

const QUARTER = 25; // percent of brightness

/**
 * Return the neuron that a step speaks of: the chosen one where it is of the step's layer.
 * @param {Page} page
 * @param {Look} look
 * @param {LessonStep} step
 * @returns {Neuron}
 */
export function neuronOf(page, { state }, step) {
  const layers = page.network.neuronLayers;
  const [wanted, place] = step.neuron ?? [1, 0];
  const layer = Math.min(wanted, layers.length - 1);
  if (step.neuron && state.neuron?.layer === layer) return state.neuron;
  return { layer, index: Math.min(place, layers[layer].size - 1) };
}

/**
 * Return the numbers that answer questions, by name.
 * @param {Page} page
 * @param {Look} look
 * @param {LessonStep} step
 * @returns {Record<string, number>}
 */
export function numbersOf(page, look, step) {
  const layers = look.network.neuronLayers;
  const second = layers[Math.min(2, layers.length - 1)];
  const before = layers[second.number - 1].size;
  const { layer, index } = neuronOf(page, look, step);
  return {
    inputs: page.D,
    layerWeights: page.D * layers[1].size,
    before,
    own: before * second.size + second.size,
    threshold: -biasOf(look, layer, index),
  };
}

/**
 * Return which choice is right: of the darker picture that depends on the network.
 * @param {Page} page
 * @param {Look} look
 * @param {LessonStep} step
 */
export function rightChoice(page, look, { id, ask }) {
  if (id !== "dark") return ask?.right;
  const { prediction } = page.peek({ ...look.state, brightness: QUARTER });
  return prediction === page.peek({ ...look.state, brightness: 100 }).prediction ? 0 : 1;
}

/**
 * Return the values of a step's texts.
 * @param {Page} page
 * @param {Look} look
 * @param {LessonStep} step
 * @returns {Record<string, string>}
 */
export function valuesOf(page, look, step) {
  const { t } = page;
  const { network, pass } = look;
  const layers = network.neuronLayers;
  const neuron = neuronOf(page, look, step);
  const place = layers[neuron.layer];
  const second = layers[Math.min(2, layers.length - 1)];
  const [products, bias] = [terms(look, neuron).total, biasOf(look, neuron.layer, neuron.index)];
  const numbers = numbersOf(page, look, step);
  const added = step.id === "bias" || step.id === "sigmoid"; // where a reader adds them up
  const [first, middle, last] = roundedSum([products, bias, products + bias]);
  const hides = concealed(look.state);
  const shown = (/** @type {number} */ brightness) =>
    hides ? "?" : network.label(page.peek({ ...look.state, brightness }).prediction);
  return {
    ...Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [
        name,
        name === "threshold" ? number(value) : count(value),
      ]),
    ),
    neuron: t("neuron.name", {
      layer: layerName(t, place),
      name: neuronName(page, place, neuron.index),
    }),
    shape: layers.map(({ size }) => size).join("-"),
    answer: look.empty ? "–" : hides ? "?" : network.label(look.prediction),
    parameters: count(network.parameterCount),
    first: count(layers[1].size),
    firstOwn: count((page.D + 1) * layers[1].size),
    layer: layerName(t, second),
    size: count(second.size),
    outputs: count(layers[layers.length - 1].size),
    activation: number(network.activations(pass, neuron.layer)[neuron.index]),
    products: added ? first : number(products),
    bias: added ? middle : number(bias),
    sum: added ? last : number(products + bias),
    play: t("learn.play"),
    reached: page.facts.server ? "90 %" : "70 %", // on 50,000 digits, and on the page's 400
    ...(step.id === "dark" ? { quarter: shown(QUARTER) } : {}),
  };
}

/** Return the title of a step. @param {Page} page @param {LessonStep} step */
export function titleOf({ t, D, network }, { id }) {
  return t(`lesson.${id}.title`, { inputs: D, parameters: count(network.parameterCount) });
}
