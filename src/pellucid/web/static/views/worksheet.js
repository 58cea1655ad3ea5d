// A panel: the lesson's questions on paper, with or without answers, from the lesson's own texts.

import { h } from "../dom.js";
import { STEPS } from "../lesson.js";
import { gallery } from "./gallery.js";
import { terms } from "./neuron.js";
import { canvas, fullColour, paintGrey, paintSigned } from "./pixels.js";
import { choiceTexts } from "./question.js";
import { neuronOf, rightChoice, titleOf, valuesOf } from "./values.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../lesson.js").LessonStep} LessonStep
 * @typedef {import("../texts.js").Key} Key
 */

const LINES = 3; // to write on, for an answer in words

/** @param {Page} page @returns {import("../page.js").View} */
export function worksheet(page) {
  const { t, store } = page;
  const answers = h("input", {
    type: "checkbox",
    id: "worksheet-answers",
    checked: store.state.choices.answers === "yes",
    onchange: () => {
      page.choose("answers", answers.checked ? "yes" : null);
      fill();
    },
  });
  const print = h(
    "button",
    {
      type: "button",
      class: "leading",
      "data-testid": "worksheet-print",
      onclick: () => window.print(),
    },
    t("worksheet.print"),
  );
  const sheet = h("article", { class: "sheet", "data-testid": "worksheet" });
  const fill = () => sheet.replaceChildren(...sheetOf(page, answers.checked));
  fill();
  return {
    element: h(
      "div",
      {},
      h("p", {}, t("worksheet.text")),
      h(
        "div",
        { class: "line" },
        print,
        h("label", { class: "choice", for: answers.id }, answers, t("worksheet.answers")),
      ),
      sheet,
    ),
    render(look, before) {
      if (before && (look.network !== before.network || look.state.theme !== before.state.theme))
        fill();
    },
  };
}

/** @param {Page} page @param {boolean} solved */
function sheetOf(page, solved) {
  const { t } = page;
  const blank = (/** @type {"name" | "date"} */ name) =>
    h("span", { class: "blank" }, `${t(`worksheet.${name}`)}:`);
  const asked = STEPS.flatMap((step, i) => (step.ask ? [item(page, step, i + 1, solved)] : []));
  const own = /** @type {const} */ (["weight", "bias", "hidden"]).map((name) =>
    h(
      "section",
      {},
      h("p", { class: "asked" }, t(`worksheet.${name}`)),
      ...(solved ? [answer(t(`worksheet.${name}.after`))] : lines(LINES)),
    ),
  );
  return [
    h("h2", {}, t("worksheet.lesson")),
    h("p", { class: "who" }, blank("name"), blank("date")),
    ...asked,
    h("h3", {}, t("worksheet.own")),
    ...own,
  ];
}

/**
 * One step: its title, its text, its picture, its question.
 * @param {Page} page
 * @param {LessonStep} step
 * @param {number} number
 * @param {boolean} solved
 */
function item(page, step, number, solved) {
  const { t } = page;
  const look = page.peek({
    ...page.store.state,
    ...page.lesson(number),
    edits: [],
    brightness: 100,
  });
  const values = valuesOf(page, look, step);
  const right = rightChoice(page, look, step);
  const choices = choiceTexts(page, step).map((text, i) =>
    h("span", {}, `${solved && i === right ? "☑" : "☐"} ${text}`),
  );
  const picture = pictureOf(page, look, step);
  return h(
    "section",
    {},
    h("h3", {}, `${number}. ${titleOf(page, step)}`),
    step.id === "layer" ? null : picture,
    h("p", {}, t(`lesson.${step.id}.text`, values)),
    step.id === "layer" ? picture : null,
    h("p", { class: "asked" }, t(/** @type {Key} */ (`ask.${step.id}`), values)),
    choices.length ? h("p", { class: "boxes" }, ...choices) : null,
    ...(solved
      ? [answer(t(/** @type {Key} */ (`ask.${step.id}.after`), values))]
      : choices.length
        ? []
        : lines(1)),
  );
}

/** @param {string} text */
function answer(text) {
  return h("p", { class: "answer-text" }, text);
}

/** Lines to write on. @param {number} count */
function lines(count) {
  return Array.from({ length: count }, () => h("div", { class: "rule" }));
}

/** The picture that a step needs on paper. @param {Page} page @param {Look} look @param {LessonStep} step */
function pictureOf(page, look, step) {
  const shape = /** @type {number[]} */ (page.facts.shape);
  if (step.id === "pixel") {
    const picture = canvas(shape, { "aria-hidden": "true" });
    paintGrey(picture, look.picture);
    return picture;
  }
  if (step.id === "weight") {
    const { weights } = terms(look, neuronOf(page, look, step));
    const picture = canvas(
      shape.map((side) => 2 * side),
      { "aria-hidden": "true" },
    );
    paintSigned(picture, shape, weights, fullColour(weights));
    return picture;
  }
  if (step.id !== "layer") return null;
  const { element, render } = gallery(page);
  render(look);
  element.inert = true;
  return element;
}
