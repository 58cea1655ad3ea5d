// Header and footer of the page.

import { h, set } from "../dom.js";
import { count, percent } from "../format.js";
import { allowKeys, onKey } from "./keys.js";
import { OFF, plays } from "../state.js";
import { show, hasLesson } from "./steps.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 */

const THEMES = /** @type {const} */ (["system", "light", "dark", "contrast"]);

/** @param {Page} page @returns {View} */
export function header(page) {
  const line = h("p", { class: "facts" });
  const theme = themeChoice(page);
  const lesson = hasLesson(page) ? lessonButton(page) : null;
  const large = largeButton(page);
  const element = h(
    "header",
    {},
    h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "pellucid"),
    line,
    h(
      "div",
      { class: "choices" },
      lesson,
      large,
      playgroundButton(page),
      h("label", { for: "theme", class: "unseen" }, page.t("header.theme")),
      theme,
      languageButton(page),
    ),
  );
  return {
    element,
    render(look) {
      theme.value = look.state.theme;
      set(large, { "aria-pressed": String(look.state.large) });
      const facts = factsOf(page, look);
      if (line.textContent !== facts.join(" · "))
        line.replaceChildren(...facts.flatMap((text, i) => [i ? " · " : "", h("span", {}, text)]));
      if (lesson) set(lesson, { "aria-expanded": String(look.state.step !== null) });
    },
  };
}

/**
 * Return shape, parameters and accuracy of the shown network.
 * @param {Page} page
 * @param {import("../look.js").Look} look
 */
function factsOf(page, look) {
  const { t, network, facts } = page;
  const shape = network.neuronLayers.map(({ size }) => size).join("-");
  if (plays(look.state)) return [t("play.facts")];
  const found = [shape, t("header.parameters", { count: count(network.parameterCount) })];
  // The known accuracy is that of the opened network without edits.
  if (facts.accuracy !== null && look.network === page.opened) {
    const accuracy = percent(facts.accuracy);
    found.push(t("header.accuracy", { accuracy, rows: count(facts.rows) }));
  } else if (page.whole !== page.opened) found.push(t("header.trained"));
  return found;
}

/** @param {Page} page */
function themeChoice({ t, store }) {
  const onchange = () => store.set({ theme: THEMES[select.selectedIndex] });
  const options = THEMES.map((name) => h("option", { value: name }, t(`theme.${name}`)));
  const select = h("select", { id: "theme", onchange }, ...options);
  return select;
}

/** @param {Page} page */
function languageButton({ t, store }) {
  const language = store.state.language === "ko" ? "en" : "ko";
  const onclick = () => store.set({ language });
  return h(
    "button",
    { type: "button", "data-testid": "language", lang: language, onclick },
    t("header.language"),
  );
}

/** For a classroom: everything larger, and the whole screen. @param {Page} page */
function largeButton({ t, store }) {
  const toggle = () => {
    const large = !store.state.large;
    store.set({ large });
    if (!large) return void (document.fullscreenElement && document.exitFullscreen());
    // In a frame, or where the browser does not allow it, the page is larger all the same.
    document.documentElement.requestFullscreen?.().catch(() => {});
  };
  document.onfullscreenchange = () => {
    if (!document.fullscreenElement) store.set({ large: false });
  };
  onKey("f", toggle);
  const attributes = { type: "button", class: "large", "data-testid": "present" };
  const keys = { title: t("header.large.help"), "aria-keyshortcuts": "f" };
  return h("button", { ...attributes, ...keys, onclick: toggle }, t("header.large"));
}

/** @param {Page} page */
function lessonButton(page) {
  const { store } = page;
  const attributes = { type: "button", "data-testid": "lesson-open", "data-control": "lesson" };
  const onclick = () => (store.state.step ? store.set({ step: null }) : show(page, 1));
  return h("button", { ...attributes, class: "leading", onclick }, page.t("lesson.open"));
}

/** @param {Page} page */
function playgroundButton(page) {
  const { store, t } = page;
  const open = plays(store.state);
  const closed = page.defaults().playground === null ? null : OFF;
  const onclick = () =>
    store.set({ playground: open ? closed : "", step: null, panel: null, neuron: null });
  const attributes = { type: "button", "data-testid": "playground", "data-control": "playground" };
  const label = open ? t("play.leave") : null;
  const text = t(open ? "play.leave.short" : "play.title");
  return h("button", { ...attributes, "aria-label": label, onclick }, text);
}

/** @param {Page} page @returns {View} */
export function footer({ t, store, digits, facts }) {
  const text = t(digits.length ? "page.licence" : "page.no-digits");
  const reveal = h(
    "button",
    { type: "button", class: "small", onclick: () => store.set({ hidden: [] }) },
    t("share.reveal"),
  );
  const hidden = h("p", { "data-testid": "hidden" }, t("share.hidden"), " ", reveal);
  const onchange = () => store.set({ letters: letters.checked });
  const letters = h("input", { type: "checkbox", "data-testid": "letters", onchange });
  const keys = h("label", { class: "choice" }, letters, t("page.letters"));
  return {
    element: h(
      "footer",
      {},
      h("p", {}, text),
      hidden,
      ...(digits.length ? [keys] : []),
      h("p", {}, `pellucid ${facts.version}`),
    ),
    render({ state }) {
      hidden.hidden = !state.hidden.length;
      letters.checked = state.letters;
      allowKeys(state.letters);
    },
  };
}
