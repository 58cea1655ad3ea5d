// A question of the lesson: it waits for an answer before it shows it. A wrong answer gets a hint,
// and "show me" is always there.

import { h, setText } from "../dom.js";
import { concealed } from "../state.js";
import { filled } from "../texts.js";
import { numbersOf, rightChoice, valuesOf } from "./values.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../look.js").Look} Look
 * @typedef {import("../lesson.js").LessonStep} LessonStep
 * @typedef {import("../texts.js").Key} Key
 */

const NEAR = 0.0051; // of the number: two decimals are enough
const NAMES = /** @type {const} */ (["one", "two", "three"]);

/**
 * @param {Page} page
 * @param {LessonStep} step with a question
 * @param {() => void} answered called after the answer was found or shown
 * @returns {import("./detail.js").Part}
 */
export function question(page, step, answered) {
  const { t, store } = page;
  const asked = h("p", { class: "asked", id: "asked" });
  const said = h("p", { class: "said", role: "status", "data-testid": "question-said" });
  const settle = (/** @type {"right" | "shown"} */ how) => {
    store.set({ answers: { ...store.state.answers, [step.id]: how } });
    answered();
  };
  const judge = (/** @type {boolean} */ right) => {
    if (right) return settle("right");
    setText(
      said,
      `${t("ask.wrong")} ${t(/** @type {Key} */ (`ask.${step.id}.hint`), valuesOf(page, page.look(), step))}`,
    );
  };
  const show = h(
    "button",
    {
      type: "button",
      class: "small",
      "data-testid": "question-show",
      onclick: () => settle("shown"),
    },
    t("ask.show"),
  );
  const form =
    step.ask?.right === undefined
      ? field(page, step, judge, show)
      : choices(page, step, judge, show);
  let told = ""; // for what the answer was told: what is played with later leaves it as it is
  return {
    element: h("div", { class: "question", "data-testid": "question" }, asked, form, said),
    render(look) {
      const words = valuesOf(page, look, step);
      const how = look.state.answers[step.id];
      setText(asked, t(/** @type {Key} */ (`ask.${step.id}`), words));
      form.hidden = how !== undefined;
      const now = `${how} ${concealed(look.state)}`;
      if (how === undefined || told === now) return;
      told = now;
      const answer = t(/** @type {Key} */ (`ask.${step.id}.after`), words);
      setText(said, how === "right" ? `${t("ask.right")} ${answer}` : answer);
    },
  };
}

/**
 * A field for a number.
 * @param {Page} page
 * @param {LessonStep} step
 * @param {(right: boolean) => void} judge
 * @param {HTMLElement} show
 */
function field(page, step, judge, show) {
  const { t } = page;
  const input = h("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    size: 8,
    "data-testid": "question-field",
    "aria-labelledby": "asked",
  });
  const form = h(
    "form",
    { class: "line" },
    input,
    h(
      "button",
      { type: "submit", class: "small", "data-testid": "question-check" },
      t("ask.check"),
    ),
    show,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = readNumber(input.value);
    const { is, of } = step.ask ?? {};
    const wanted = is ?? numbersOf(page, page.look(), step)[of ?? ""];
    const right = given !== null && Math.abs(given - wanted) < NEAR;
    if (!right) input.select();
    if (given !== null) judge(right);
  });
  return form;
}

/**
 * Buttons to choose from.
 * @param {Page} page
 * @param {LessonStep} step
 * @param {(right: boolean) => void} judge
 * @param {HTMLElement} show
 */
function choices(page, step, judge, show) {
  const buttons = choiceTexts(page, step).map((text, i) =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        "data-testid": `question-choice-${i}`,
        onclick: () => judge(i === rightChoice(page, page.look(), step)),
      },
      text,
    ),
  );
  return h("div", { class: "line", role: "group", "aria-labelledby": "asked" }, ...buttons, show);
}

/** Return what a question lets choose from. @param {Page} page @param {LessonStep} step */
export function choiceTexts(page, { id, ask }) {
  const { neuronLayers } = page.network;
  const sizes = { inputs: String(page.D), first: String(neuronLayers[1].size) };
  const options = ask?.options?.map((text) => filled(text, sizes));
  return (
    options ??
    NAMES.slice(0, ask?.choices ?? 0).map((name) =>
      page.t(/** @type {Key} */ (`ask.${id}.${name}`)),
    )
  );
}

/**
 * Read a number as people write it: with a true minus sign, and thousands separated.
 * @param {string} text
 * @returns {number | null}
 */
export function readNumber(text) {
  const plain = text
    .trim()
    .replace(/[−–]/g, "-")
    .replace(/,(?=\d{3}\b)/g, "")
    .replace(",", ".");
  return plain === "" || !Number.isFinite(Number(plain)) ? null : Number(plain);
}
