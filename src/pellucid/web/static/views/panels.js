// Panels beside the picture, or below it on little room: one at a time. To add one, add it to
// PANELS (docs/page.md).

import { h, reveal, set, setText } from "../dom.js";
import { concealed } from "../state.js";
import { backprop } from "./backprop.js";
import { change } from "./change.js";
import { classroom } from "./classroom.js";
import { codes } from "./codes.js";
import { digits } from "./digits.js";
import { evaluate } from "./evaluate.js";
import { learn } from "./learn.js";
import { matrix } from "./matrix.js";
import { members } from "./members.js";
import { numbers } from "./numbers.js";
import { parameters } from "./parameters.js";
import { share } from "./share.js";
import { hasLesson } from "./steps.js";
import { weightImages } from "./weights.js";
import { why } from "./why.js";
import { worksheet } from "./worksheet.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {object} Panel
 * @property {string} id
 * @property {import("../texts.js").Key} title
 * @property {boolean} [tells] whether it tells the answer, so that it waits until that is revealed
 * @property {(page: Page) => boolean} [fits] whether it makes sense for the page's network
 * @property {(page: Page, shown: Panel[]) => View} view
 * @property {string} [within] the panel that has its button, where the toolbar has none
 */

/** @type {Panel[]} */
const PANELS = [
  { id: "why", title: "why.title", tells: true, view: why },
  { id: "change", title: "change.title", tells: true, view: change },
  {
    id: "members",
    title: "members.title",
    tells: true,
    fits: (page) => page.members.length > 0,
    view: members,
  },
  { id: "learn", title: "learn.title", fits: ({ digits }) => digits.length > 0, view: learn },
  {
    id: "backprop",
    title: "back.title",
    tells: true,
    fits: ({ network }) => network.classifies,
    view: backprop,
  },
  {
    id: "evaluate",
    title: "evaluate.title",
    tells: true,
    fits: ({ digits }) => digits.length > 0,
    view: evaluate,
  },
  { id: "numbers", title: "numbers.title", fits: ({ pictures }) => pictures, view: numbers },
  { id: "weights", title: "weights.title", fits: hasWeights, view: weightImages },
  { id: "count", title: "count.title", view: parameters },
  {
    id: "matrix",
    title: "matrix.title",
    tells: true,
    fits: ({ digits }) => digits.length > 0,
    view: matrix,
  },
  { id: "torch", title: "codes.title", fits: hasLesson, view: codes },
  { id: "digits", title: "digits.title", fits: ({ digits }) => digits.length > 0, view: digits },
  {
    id: "class",
    title: "class.title",
    fits: ({ facts }) => facts.class_address !== "",
    view: classroom,
    tells: true,
  },
  { id: "share", title: "share.title", view: share },
  {
    id: "worksheet",
    title: "worksheet.title",
    fits: hasLesson,
    view: worksheet,
    within: "share",
  },
];

/** @param {Page} page */
function hasWeights({ network }) {
  return network.neuronLayers.some(({ affine }) => affine);
}

// panels are below the picture (styles/layout.css)
const narrow = matchMedia("(max-width: 899px)");

/** @param {Page} page @returns {View} */
export function panels(page) {
  const { t, store } = page;
  const fitting = PANELS.filter((panel) => panel.fits?.(page) ?? true);
  /** @type {HTMLElement | null} */
  let opener = null; // what opened the panel from within the lesson: closing goes back there
  let asked = false; // whether a button opened the panel: then the reader is taken there
  const toggle = (/** @type {string} */ id) => {
    asked = store.state.panel !== id;
    store.set({ panel: asked ? id : null });
  };
  const buttons = fitting.map(({ id, title }) => panelButton(id, t(title), () => toggle(id)));
  const leave = () => {
    const { within, id } = fitting.find(({ id }) => id === store.state.panel) ?? {};
    if (opener?.isConnected) {
      opener.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    } else buttons[fitting.findIndex((panel) => panel.id === (within ?? id))]?.focus();
    store.set({ panel: null });
  };
  const frame = panelFrame(t("neuron.close"), leave);
  const own = buttons.filter((_, i) => !fitting[i].within);
  const nav = h("nav", { class: "toolbar", "aria-label": t("panels.title") }, ...own);
  /** @type {View | null} */
  let open = null;
  return {
    element: h("div", { class: "panels" }, nav, frame.element),
    render(look, before) {
      const { panel, step } = look.state;
      const waits = concealed(look.state);
      const same = before && panel === before.state.panel && waits === concealed(before.state);
      if (same) return open?.render(look, before);
      fitting.forEach(({ id }, i) => set(buttons[i], { "aria-expanded": String(id === panel) }));
      const found = fitting.find(({ id }) => id === panel);
      // made when opened: a closed one costs nothing
      open = found ? (waits && found.tells ? waiting(page) : found.view(page, fitting)) : null;
      frame.show(found, found ? t(found.title) : "", open?.element);
      open?.render(look, null);
      frame.element.scrollTop = 0;
      // On little room the panel is below all else: bring one that the address opened into
      // sight.
      if (open && !before && narrow.matches && !step)
        requestAnimationFrame(() => reveal(frame.element, true));
      if (!open || !before) return;
      const { activeElement: active } = document;
      const inside = active instanceof HTMLElement && active.closest(".lesson");
      opener = !asked && inside ? active : null;
      if (asked || step === before.state.step) reveal(frame.element, narrow.matches);
      if (asked) frame.title.focus({ preventScroll: true });
      asked = false;
    },
  };
}

/** What a panel that tells the answer shows until it is revealed. @param {Page} page @returns {View} */
function waiting({ t }) {
  return { element: h("p", { "data-testid": "waiting" }, t("answer.waits")), render() {} };
}

const LEADING = ["why", "members", "change", "learn"]; // what most readers want first

/** @param {string} id @param {string} title @param {() => void} onclick */
function panelButton(id, title, onclick) {
  const attributes = { type: "button", "data-testid": `panel-${id}`, "aria-expanded": "false" };
  if (LEADING.includes(id)) Object.assign(attributes, { class: "leading" });
  return h("button", { ...attributes, onclick }, title);
}

/** The card around the open panel. @param {string} close @param {() => void} leave */
function panelFrame(close, leave) {
  const title = h("h2", { tabindex: -1, id: "panel-title" });
  const button = h(
    "button",
    { type: "button", class: "small", "data-testid": "panel-close", onclick: leave },
    close,
  );
  const body = h("div", { class: "panel-body" });
  const head = h("div", { class: "head" }, title, button);
  const element = h("div", { class: "card panel", hidden: true }, head, body);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) leave();
  });
  /** @param {Panel | undefined} panel @param {string} text @param {HTMLElement} [content] */
  const show = (panel, text, content) => {
    body.replaceChildren(...(content ? [content] : []));
    element.hidden = !content;
    set(element, { "data-panel": panel?.id });
    setText(title, text);
  };
  return { element, title, show };
}
