// The lesson: short steps that set the picture and mark what they explain. It covers nothing, and
// the page can be used meanwhile; a button sets the picture again.

import { h, reveal, set, setText } from "../dom.js";
import { count, number } from "../format.js";
import { STEPS } from "../lesson.js";
import { TEXTS } from "../texts.js";
import { chain } from "./chain.js";
import { biasOf } from "./neuron.js";
import { starts } from "./start.js";
import { show } from "./steps.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../lesson.js").LessonStep} LessonStep
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
  const here = () => store.state.step ?? 1;
  const button = (
    /** @type {string} */ id,
    /** @type {string} */ text,
    /** @type {() => void} */ onclick,
  ) => h("button", { type: "button", "data-testid": `lesson-${id}`, onclick }, text);
  const title = h("h2", { id: "lesson-title" });
  const text = h("p", { "data-testid": "lesson-text" });
  const extra = h("div", { class: "extra" });
  const hint = h("p", { class: "try" });
  const terms = h("p", { class: "terms" });
  const spoken = h("p", { class: "unseen", role: "status" });
  const previous = button(
    "previous",
    t("lesson.previous"),
    () => here() > 1 && show(page, here() - 1),
  );
  const next = button("next", t("lesson.next"), () =>
    here() < STEPS.length ? show(page, here() + 1) : leave(page),
  );
  const again = button("again", t("lesson.again"), () => show(page, here()));
  const marked = () => document.querySelector(".marked");
  const far = button("show", t("lesson.show"), () => marked()?.scrollIntoView({ block: "center" }));
  const list = h(
    "select",
    {
      "aria-label": t("lesson.steps"),
      "data-testid": "lesson-steps",
      onchange: () => show(page, list.selectedIndex + 1),
    },
    ...STEPS.map((step, i) => h("option", {}, `${i + 1}. ${titleOf(page, step)}`)),
  );
  const element = h(
    "section",
    { class: "card lesson", "aria-labelledby": "lesson-title", "data-testid": "lesson" },
    h(
      "div",
      { class: "head" },
      title,
      button("close", t("neuron.close"), () => leave(page)),
    ),
    text,
    extra,
    hint,
    terms,
    h("div", { class: "tools" }, far, again),
    h(
      "nav",
      { class: "walk", "data-control": "lesson", "aria-label": t("lesson.steps") },
      previous,
      list,
      next,
    ),
    spoken,
  );
  element.addEventListener("keydown", (event) => {
    const turns = !(event.target instanceof HTMLElement && event.target.matches("select, input"));
    if (event.key === "Escape") leave(page);
    else if (event.key === "ArrowRight" && turns) show(page, here() + 1);
    else if (event.key === "ArrowLeft" && turns) show(page, here() - 1);
    else return;
    event.preventDefault();
  });
  /** @type {Element | null} */
  let watched = null;
  // The network is drawn anew when its room changes, as it does when the lesson opens: then the
  // mark must be, too.
  const drawn = new MutationObserver(() => {
    const { step } = store.state;
    if (step) point(STEPS[step - 1].marked);
  });
  const sight = new IntersectionObserver(
    (seen) => (far.hidden = seen[seen.length - 1].isIntersecting),
  );
  return {
    element,
    render(look, before) {
      const { step } = look.state;
      const chosen = step ? STEPS[step - 1] : undefined;
      element.hidden = !chosen;
      const network = document.querySelector(".network");
      if (!before && network) drawn.observe(network, { childList: true });
      if (!chosen || !step) return point(null);
      const turned = step !== before?.state.step;
      if (turned) {
        setText(title, `${step}. ${titleOf(page, chosen)}`);
        setText(hint, t(`lesson.${chosen.id}.try`, names(page)));
        terms.replaceChildren(
          ...chosen.terms.flatMap((name, i) => [i ? " · " : "", ...term(page, name)]),
        );
        const last = step === STEPS.length;
        extra.replaceChildren(
          ...(chosen.id === "activations" ? [chain(page)] : last ? [onward(page)] : []),
        );
        element.scrollTop = 0; // a sheet scrolls by itself
        list.selectedIndex = step - 1;
        set(previous, { "aria-disabled": step === 1 }); // not disabled: the focus stays on it
        setText(next, t(last ? "lesson.end" : "lesson.next"));
      }
      if (turned || look.pass !== before?.pass) {
        setText(text, t(`lesson.${chosen.id}.text`, values(page, look, chosen)));
      }
      if (turned && before) setText(spoken, `${title.textContent} ${text.textContent}`);
      again.hidden = asSet(look, page.lesson(step));
      point(chosen.marked);
      if (marked() === watched) return;
      sight.disconnect();
      watched = marked();
      far.hidden = true;
      if (watched) sight.observe(watched);
      // beside or above the lesson's own text
      if (watched) requestAnimationFrame(() => reveal(marked()));
    },
  };
}

/** What to do after the last step. @param {Page} page */
function onward(page) {
  return h(
    "div",
    {},
    h("h3", {}, page.t("lesson.onward")),
    h("ul", { class: "starts" }, ...starts(page, true)),
  );
}

/** @param {Page} page @param {LessonStep} step */
export function titleOf({ t, D, network }, { id }) {
  return t(`lesson.${id}.title`, { inputs: D, parameters: count(network.parameterCount) });
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

/** Return the titles of the panels that the steps name. @param {Page} page */
function names({ t }) {
  const [change, back, tune] = [t("change.title"), t("back.title"), t("tune.title")];
  return {
    change,
    back,
    tune,
    matrix: t("matrix.title"),
    count: t("count.title"),
    torch: t("codes.title"),
  };
}

/**
 * Return the numbers in a step's text.
 * @param {Page} page
 * @param {Look} look
 * @param {LessonStep} step
 */
function values(page, look, step) {
  const { network, pass, state } = look;
  const meant = page.lesson(state.step ?? 1).neuron ?? {
    layer: 1,
    index: Math.min(3, network.neuronLayers[1].size - 1),
  };
  const { layer, index } =
    step.neuron && state.neuron && state.neuron.layer === meant.layer ? state.neuron : meant;
  const [sum, bias] = [network.sums(pass, layer)?.[index] ?? 0, biasOf(look, layer, index)];
  return {
    ...names(page),
    inputs: page.D,
    shape: network.neuronLayers.map(({ size }) => size).join("-"),
    active: Array.prototype.filter.call(look.picture, Boolean).length,
    parameters: count(network.parameterCount),
    answer: look.empty ? "–" : network.label(look.prediction),
    activation: number(network.activations(pass, layer)[index]),
    products: number(sum - bias),
    bias: number(bias),
    threshold: number(-bias),
    sum: number(sum),
  };
}

/**
 * Whether the picture still is as the step set it.
 * @param {Look} look
 * @param {Partial<import("../state.js").State>} meant
 */
function asSet({ state }, { input, neuron, panel }) {
  const same = state.neuron?.layer === neuron?.layer && state.neuron?.index === neuron?.index;
  return (
    same && state.panel === panel && state.input.values === input?.values && !state.edits.length
  );
}

/** Mark what a step explains, and nothing else. @param {string | null} selector */
function point(selector) {
  const found = new Set(selector ? document.querySelectorAll(selector) : []);
  for (const old of document.querySelectorAll(".marked"))
    if (!found.has(old)) old.classList.remove("marked");
  for (const element of found) element.classList.add("marked");
}
