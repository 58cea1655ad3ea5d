// The lesson: short steps, each a card with a text, the controls that it speaks of, and a question
// that waits for an answer. The network stays beside it, and can be used meanwhile.

import { h, set, setText } from "../dom.js";
import { STEPS } from "../lesson.js";
import { TEXTS } from "../texts.js";
import { exhibit } from "./exhibits.js";
import { question } from "./question.js";
import { show } from "./steps.js";
import { neuronOf, titleOf, valuesOf } from "./values.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../lesson.js").LessonStep} LessonStep
 * @typedef {import("./detail.js").Part} Part
 */

/** Leave the lesson, and keep the picture. @param {Page} page */
function leave({ store }) {
  store.set({ step: null });
  /** @type {HTMLElement | null} */ (
    document.querySelector('[data-testid="lesson-open"]')
  )?.focus();
}

/** @param {Page} page @returns {View} */
export function lesson(page) {
  const { t, store } = page;
  const close = button("close", t("neuron.close"), () => leave(page));
  const title = h("h2", { id: "lesson-title" });
  const progress = h("progress", { max: STEPS.length, "aria-label": t("lesson.progress") });
  const text = h("p", { "data-testid": "lesson-text" });
  const exhibits = h("div", { class: "exhibits" });
  const hint = h("p", { class: "try" });
  const terms = h("p", { class: "terms" });
  const again = button("again", t("lesson.again"), () => show(page, store.state.step ?? 1));
  const spoken = h("p", { class: "unseen", role: "status" });
  const walk = walking(page);
  const body = h("div", { class: "body" }, text, exhibits, hint, terms, h("p", {}, again));
  const element = h(
    "section",
    { class: "card lesson", "aria-labelledby": "lesson-title", "data-testid": "lesson" },
    h("div", { class: "head" }, title, close),
    progress,
    body,
    walk.element,
    spoken,
  );
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    leave(page);
    event.preventDefault();
  });
  /** @type {Part[]} */
  let parts = [];
  let made = "";
  const make = (/** @type {Look} */ look, /** @type {LessonStep} */ step) => {
    const neuron = neuronOf(page, look, step);
    const answered = look.state.answers[step.id] !== undefined;
    const names = [...step.shows, ...(answered ? (step.after ?? []) : [])];
    const key = [step.id, names, neuron.layer, neuron.index, look.state.theme].join();
    if (key === made) return;
    made = key;
    const asked = step.ask ? [question(page, step, () => walk.next.focus())] : [];
    const shown = names.map((name) => exhibit(page, name, neuron));
    parts = [...asked, ...shown];
    exhibits.replaceChildren(
      ...shown.map(({ element }) => element),
      ...asked.map(({ element }) => element),
    );
  };
  watchStage(store);
  return {
    element,
    render(look, before) {
      const { step: number } = look.state;
      const step = number ? STEPS[number - 1] : undefined;
      element.hidden = !step;
      if (!step || !number) {
        made = "";
        return point(null);
      }
      const turned = number !== before?.state.step;
      if (turned) {
        setText(title, titleOf(page, step));
        progress.value = number;
        set(element, { "data-step": step.id, "data-beside": step.beside.join(" ") });
        terms.replaceChildren(
          ...step.terms.flatMap((name, i) => [i ? " · " : t("lesson.terms"), ...term(page, name)]),
        );
        walk.turn(number);
        body.scrollTop = 0;
        if (before) scrollTo({ top: 0 });
      }
      const answered = look.state.answers[step.id] !== undefined;
      set(element, { "data-answered": String(answered) });
      make(look, step);
      const values = valuesOf(page, look, step);
      setText(text, t(`lesson.${step.id}.text`, values));
      setText(hint, t(`lesson.${step.id}.try`, values));
      for (const part of parts) part.render(look);
      if (turned && before) setText(spoken, `${title.textContent} ${text.textContent}`);
      again.hidden = asSet(look, page.lesson(number));
      point(step.marks ?? null);
    },
  };
}

/** @param {string} id @param {string} text @param {() => void} onclick */
function button(id, text, onclick) {
  return h("button", { type: "button", "data-testid": `lesson-${id}`, onclick }, text);
}

/** Back, the number of the step, next. @param {Page} page */
function walking(page) {
  const { t, store } = page;
  const here = () => store.state.step ?? 1;
  const previous = button("previous", t("lesson.previous"), () => show(page, here() - 1));
  const next = button("next", t("lesson.next"), () =>
    here() < STEPS.length ? show(page, here() + 1) : leave(page),
  );
  // the closed list shows the number, an open one the titles, too
  const titles = STEPS.map(
    (step, i) => `${i + 1} / ${STEPS.length}\u2003\u2003\u2003${titleOf(page, step)}`,
  );
  const list = h(
    "select",
    {
      "aria-label": t("lesson.steps"),
      "data-testid": "lesson-steps",
      onchange: () => show(page, list.selectedIndex + 1),
    },
    ...titles.map((text) => h("option", {}, text)),
  );
  return {
    next,
    element: h(
      "nav",
      { class: "walk", "data-control": "lesson", "aria-label": t("lesson.steps") },
      previous,
      list,
      next,
    ),
    /** @param {number} number of the step */
    turn(number) {
      list.selectedIndex = number - 1;
      set(previous, { "aria-disabled": number === 1 }); // not disabled: the focus stays on it
      setText(next, t(number === STEPS.length ? "lesson.end" : "lesson.next"));
    },
  };
}

/**
 * A term of the field, in the page's language and in the other one.
 * @param {Page} page
 * @param {string} name
 */
function term({ store }, name) {
  const { language } = store.state;
  const other = language === "ko" ? "en" : "ko";
  return [
    h("b", {}, TEXTS[language][`term.${name}`]),
    " ",
    h("span", { lang: other }, TEXTS[other][`term.${name}`]),
  ];
}

/**
 * Whether the picture still is as the step set it.
 * @param {Look} look
 * @param {Partial<import("../state.js").State>} meant
 */
function asSet({ state }, { input, neuron }) {
  const same = state.neuron?.layer === neuron?.layer && state.neuron?.index === neuron?.index;
  return (
    same && state.input.values === input?.values && state.brightness === 100 && !state.edits.length
  );
}

/** Ring what a step speaks of in the network, and nothing else. @param {string | null} selector */
function point(selector) {
  const found = new Set(selector ? document.querySelectorAll(selector) : []);
  for (const old of document.querySelectorAll(".marked"))
    if (!found.has(old)) old.classList.remove("marked");
  for (const element of found) element.classList.add("marked");
}

/**
 * The network is drawn anew when its room changes, as it does when the lesson opens: then the ring
 * must be, too.
 * @param {import("../state.js").Store} store
 */
function watchStage(store) {
  const drawn = new MutationObserver(() => {
    const { step } = store.state;
    if (step) point(STEPS[step - 1].marks ?? null);
  });
  requestAnimationFrame(() => {
    const network = document.querySelector(".network");
    if (network) drawn.observe(network, { childList: true });
  });
}
