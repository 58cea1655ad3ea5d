// Ways to begin, shown while nothing is open beside the picture.

import { h } from "../dom.js";
import { STEPS } from "../lesson.js";
import { show, hasLesson } from "./steps.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 */

const EXAMPLE = 740; // the 4 of docs/en/reference/questions.md

/** @param {Page} page @returns {View} */
export function start(page) {
  const { t, pictures, digits } = page;
  const list = h("ul", { class: "starts" });
  const element = h(
    "section",
    { class: "card start", "aria-labelledby": "start-title" },
    h("h2", { id: "start-title" }, t("start.title")),
    list,
    h("p", { class: "hint" }, t(pictures && digits.length ? "start.hint" : "neuron.hint")),
  );
  return {
    element,
    render({ state }, before) {
      if (state.hidden !== before?.state.hidden) list.replaceChildren(...starts(page));
      element.hidden = state.neuron !== null || state.panel !== null || state.step !== null;
    },
  };
}

/**
 * Ways to begin, or to go on after the lesson.
 * @param {Page} page
 * @param {boolean} [after] the lesson
 */
export function starts(page, after = false) {
  const { t, store, digits } = page;
  const way = (
    /** @type {string} */ id,
    /** @type {string} */ text,
    /** @type {() => void} */ onclick,
  ) => h("li", {}, h("button", { type: "button", "data-testid": `start-${id}`, onclick }, text));
  const panel = (/** @type {string} */ id) => store.set({ panel: id, step: null });
  const found = [];
  if (hasLesson(page) && !after)
    found.push(way("lesson", t("start.lesson", { steps: STEPS.length }), () => show(page, 1)));
  // The drawing may be that digit, and its answer not to be told.
  const digit = store.state.hidden.includes("answer") ? null : misclassified(page);
  if (digit) {
    const words = {
      label: page.network.label(digit.label),
      answer: page.network.label(digit.prediction),
    };
    const ask = () => {
      page.setInput(digit.pixels, { kind: "test", index: digit.index, label: digit.label });
      store.set({ panel: "why", neuron: null, step: null });
    };
    found.push(way("why", t("start.why", words), ask));
  }
  if (digits.length) found.push(way("learn", t("start.learn"), () => panel("learn")));
  found.push(way("playground", t("start.playground"), () => store.set({ playground: "" })));
  found.push(way("change", t("start.change"), () => panel("change")));
  return found;
}

/** Return a misclassified test digit, preferably that of questions.md. @param {Page} page */
function misclassified(page) {
  const { digits, network } = page;
  const { state } = page.store;
  if (!network.classifies) return null;
  const usual = digits.filter(({ index }) => index === EXAMPLE);
  for (const digit of [...usual, ...digits.slice(0, 100)]) {
    const source = { kind: /** @type {const} */ ("test") };
    const { prediction } = page.peek({
      ...state,
      input: { values: digit.pixels, source },
      brightness: 100,
      centring: true,
    });
    if (prediction !== digit.label) return { ...digit, prediction };
  }
  return null;
}
