// The answer: the brightest output, how bright it is, the second brightest, and how sure it is.

import { h, set, setText } from "../dom.js";
import { number, percent, short } from "../format.js";
import { concealed } from "../state.js";
import { doubt, range } from "./certainty.js";
import { agreement } from "./members.js";
import { onKey } from "./keys.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 *
 * @typedef {object} Words
 * @property {string} answer
 * @property {string} confidence
 * @property {string} [next]
 * @property {string} [verdict]
 * @property {boolean} [right]
 */

// milliseconds without a change, and not within a stroke, before the answer is read aloud
const REST = 700;
const LONG = 3; // letters: longer names of classes are written smaller

/**
 * The last sentence that was read aloud, kept here because views are made anew.
 * @type {WeakMap<Page, string>}
 */
const lastSentence = new WeakMap();

/** @param {Page} page @returns {View} */
export function answer(page) {
  const { t, network } = page;
  const matches = network.matches;
  const kind = network.classifies ? "prediction" : "prediction amount";
  const prediction = h("output", { class: kind, "data-testid": "prediction" });
  const confidence = h("span", { class: "confidence", "data-testid": "confidence" });
  const meaning = h("span", { class: "meaning", title: matches ? t("answer.match.help") : null });
  const next = h("p", { class: "next" });
  const verdict = h("p", { class: "verdict" });
  const within = h("p", { class: "within", "data-testid": "certainty" });
  const strange = h("p", { class: "strange", "data-testid": "unlike" });
  const agreeing = h("p", { class: "note", "data-testid": "agreement" });
  const none = h("p", { class: "note", hidden: true }, t("answer.none"));
  const reader = announcer(page);
  const predict = predictFirst(page);
  const title = network.classifies ? t("answer.title") : page.facts.target || t("answer.values");
  const element = h(
    "section",
    { class: "card answer", "aria-labelledby": "answer-title" },
    h("h2", { id: "answer-title" }, title),
    prediction,
    h("div", { class: "sure" }, h("p", {}, meaning, " ", confidence), next, verdict, predict.show),
    within,
    strange,
    page.members.length ? agreeing : null,
    none,
    predict.first,
    reader.element,
  );
  return {
    element,
    render(look, before) {
      predict.render(look);
      const hides = concealed(look.state);
      const same = look.pass === before?.pass && look.state.input === before.state.input;
      if (same && hides === concealed(before.state)) return;
      const words = look.empty || hides ? null : wordsFor(page, look);
      const label = network.label(look.prediction);
      const scale = matches ? t("answer.match.of", { label }) : t("answer.probability");
      const missing = look.empty ? t("answer.empty") : t("answer.hidden");
      set(element, { "data-empty": look.empty, "data-concealed": hides && !look.empty });
      setText(prediction, words?.answer ?? (look.empty ? "–" : "?"));
      set(element, { "data-long": (words?.answer.length ?? 0) > LONG && network.classifies });
      setText(confidence, words?.confidence ?? "");
      setText(meaning, words ? (words.confidence ? scale : "") : missing);
      setText(next, words?.next ?? "");
      setText(verdict, words?.verdict ?? "");
      const unlike = look.empty ? "" : doubt(page, look);
      setText(within, words ? range(page, look) : "");
      setText(strange, unlike);
      setText(agreeing, words ? agreement(page, look) : "");
      set(verdict, { "data-right": words?.right === undefined ? null : String(words.right) });
      none.hidden = look.state.input.source.kind !== "noise" || !network.classifies;
      const spoken = hides && !look.empty ? t("answer.hidden") : sentence(page, words);
      reader.announce(unlike ? `${spoken} ${unlike}` : spoken);
    },
  };
}

/**
 * Predict, then reveal: a switch that hides each answer, and a button that reveals one.
 * @param {Page} page
 */
function predictFirst({ t, store }) {
  const reveal = () => {
    if (concealed(store.state)) store.set({ revealed: store.state.input });
  };
  const toggle = () => {
    const { hidden } = store.state;
    const others = hidden.filter((name) => name !== "answer");
    store.set({
      hidden: hidden.includes("answer") ? others : [...hidden, "answer"],
      revealed: null,
    });
  };
  onKey("r", reveal);
  const button = (
    /** @type {string} */ id,
    /** @type {() => void} */ onclick,
    /** @type {string} */ text,
  ) => h("button", { type: "button", class: "small", "data-testid": id, onclick }, text);
  const [show, first] = [
    button("reveal", reveal, t("answer.reveal")),
    button("predict-first", toggle, t("answer.predict")),
  ];
  set(show, { "aria-keyshortcuts": "r", title: t("answer.reveal.help") });
  set(first, { title: t("answer.predict.help") });
  return {
    show,
    first,
    /** @param {Look} look */
    render({ state, empty }) {
      const focused = document.activeElement === show;
      show.hidden = empty || !concealed(state);
      if (show.hidden && focused) first.focus();
      set(first, { "aria-pressed": String(state.hidden.includes("answer")) });
    },
  };
}

/**
 * An element that screen readers read aloud, after a rest and only where the sentence is another.
 * @param {Page} page
 */
function announcer(page) {
  const element = h("p", { class: "unseen", role: "status" });
  let timer = 0;
  return {
    element,
    /** @param {string} text */
    announce(text) {
      clearTimeout(timer);
      if (!lastSentence.has(page)) lastSentence.set(page, text); // the first answer is no change
      if (lastSentence.get(page) === text) return;
      const speak = () => {
        if (page.drawing) timer = window.setTimeout(speak, REST);
        else {
          setText(element, text);
          lastSentence.set(page, text);
        }
      };
      timer = window.setTimeout(speak, REST);
    },
  };
}

/** Return the sentence for screen readers. @param {Page} page @param {Words | null} words */
function sentence({ t }, words) {
  if (!words) return t("answer.spoken.none");
  if (!words.confidence) return t("answer.spoken.value", { value: words.answer });
  return t("answer.spoken", { label: words.answer, value: words.confidence });
}

/** @param {Page} page @param {Look} look @returns {Words} */
function wordsFor({ t, network }, { state, pass: { y }, prediction, confidence }) {
  if (!network.classifies) return { answer: Array.from(y, number).join(", "), confidence: "" };
  const form = network.matches ? short : percent;
  const others = Array.from(y.keys()).filter((k) => k !== prediction);
  const second = y.length > 1 ? others.reduce((a, b) => (y[b] > y[a] ? b : a)) : null;
  const answer = network.label(prediction);
  const words = { answer, confidence: form(confidence) };
  const next =
    second === null
      ? ""
      : t("answer.then", { label: network.label(second), value: form(y[second]) });
  const { label } = state.input.source;
  if (label === undefined) return { ...words, next };
  const right = label === prediction;
  const verdict = t(right ? "answer.right" : "answer.wrong", { label: network.label(label) });
  return { ...words, next, right, verdict };
}
