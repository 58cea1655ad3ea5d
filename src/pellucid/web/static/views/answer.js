// The answer: the brightest output, how bright it is, and what comes next.

import { h, say, set } from "../dom.js";
import { number, percent, short } from "../format.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 */

const REST = 700; // milliseconds without a change, and not within a stroke, before the answer is spoken

/** What was last said of the answer; views are made anew with each other network. @type {WeakMap<Page, string>} */
const said = new WeakMap();

/** @param {Page} page @returns {View} */
export function answer(page) {
  const { t, network } = page;
  const matches = network.layers.at(-1)?.type === "Sigmoid";
  const prediction = h("output", { class: "prediction", "data-testid": "prediction" });
  const confidence = h("span", { class: "confidence", "data-testid": "confidence" });
  const meaning = h("span", { class: "meaning", title: matches ? t("answer.match.help") : null });
  const next = h("p", { class: "next" });
  const verdict = h("p", { class: "verdict" });
  const none = h("p", { class: "note", hidden: true }, t("answer.none"));
  const spoken = h("p", { class: "unseen", role: "status" });
  const element = h(
    "section",
    { class: "card answer", "aria-labelledby": "answer-title" },
    h(
      "h2",
      { id: "answer-title" },
      network.classifies ? t("answer.title") : page.facts.target || t("answer.values"),
    ),
    prediction,
    h("div", { class: "sure" }, h("p", {}, meaning, " ", confidence), next, verdict),
    none,
    spoken,
  );
  let timer = 0;
  return {
    element,
    render(look, before) {
      if (look.pass === before?.pass && look.state.input === before.state.input) return;
      const told = look.empty ? null : words(page, look);
      set(element, { "data-empty": look.empty });
      say(prediction, told ? told.answer : "–");
      say(confidence, told ? told.confidence : "");
      say(
        meaning,
        told
          ? told.confidence
            ? t(matches ? "answer.match" : "answer.probability")
            : ""
          : t("answer.empty"),
      );
      say(next, told?.next ?? "");
      say(verdict, told?.verdict ?? "");
      set(verdict, { "data-right": told?.right === undefined ? null : String(told.right) });
      none.hidden = look.state.input.source.kind !== "noise" || !network.classifies;
      clearTimeout(timer);
      const sentence = aloud(page, told);
      if (!said.has(page)) said.set(page, sentence); // nothing has changed yet
      if (said.get(page) === sentence) return;
      const speak = () => {
        if (page.drawing) timer = window.setTimeout(speak, REST);
        else {
          say(spoken, sentence);
          said.set(page, sentence);
        }
      };
      timer = window.setTimeout(speak, REST);
    },
  };
}

/** What a screen reader says. @param {Page} page @param {{answer: string, confidence: string} | null} told */
function aloud({ t }, told) {
  if (!told) return t("answer.spoken.none");
  if (!told.confidence) return t("answer.spoken.value", { value: told.answer });
  return t("answer.spoken", { label: told.answer, value: told.confidence });
}

/** @param {Page} page @param {Look} look */
function words({ t, network }, { state, pass: { y }, answer, confidence }) {
  if (!network.classifies) return { answer: Array.from(y, number).join(", "), confidence: "" };
  const matches = network.layers.at(-1)?.type === "Sigmoid";
  const shown = (/** @type {number} */ value) => (matches ? short(value) : percent(value));
  const second =
    y.length > 1
      ? Array.from(y.keys())
          .filter((k) => k !== answer)
          .reduce((a, b) => (y[b] > y[a] ? b : a))
      : -1;
  const { label } = state.input.source;
  const right = label === undefined ? undefined : label === answer;
  return {
    answer: network.label(answer),
    confidence: shown(confidence),
    next:
      second < 0 ? "" : t("answer.then", { label: network.label(second), value: shown(y[second]) }),
    right,
    verdict:
      label === undefined
        ? ""
        : t(right ? "answer.right" : "answer.wrong", { label: network.label(label) }),
  };
}
