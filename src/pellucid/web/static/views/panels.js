// Panels beside the picture, or below it where there is no room: details on request, one at a time. To add one, add it to PANELS (docs/page.md).

import { h, reveal, say, set } from "../dom.js";
import { backprop } from "./backprop.js";
import { change } from "./change.js";
import { codes } from "./codes.js";
import { evaluate } from "./evaluate.js";
import { learn } from "./learn.js";
import { matrix } from "./matrix.js";
import { parameters } from "./parameters.js";
import { share } from "./share.js";
import { taught } from "./steps.js";
import { why } from "./why.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {{id: string, title: import("../texts.js").Key, fits?: (page: Page) => boolean, view: (page: Page, shown: Panel[]) => View}} Panel
 */

/** @type {Panel[]} */
const PANELS = [
  { id: "why", title: "why.title", view: why },
  { id: "change", title: "change.title", view: change },
  { id: "learn", title: "learn.title", fits: ({ digits }) => digits.length > 0, view: learn },
  {
    id: "backprop",
    title: "back.title",
    fits: ({ network }) => network.classifies,
    view: backprop,
  },
  {
    id: "evaluate",
    title: "evaluate.title",
    fits: ({ digits }) => digits.length > 0,
    view: evaluate,
  },
  { id: "count", title: "count.title", view: parameters },
  { id: "matrix", title: "matrix.title", fits: ({ digits }) => digits.length > 0, view: matrix },
  { id: "torch", title: "codes.title", fits: taught, view: codes },
  { id: "share", title: "share.title", view: share },
];

const narrow = matchMedia("(max-width: 1099px)"); // panels stand below the picture (styles/layout.css)

/** @param {Page} page @returns {View} */
export function panels(page) {
  const { t, store } = page;
  const shown = PANELS.filter((panel) => panel.fits?.(page) ?? true);
  const buttons = shown.map(({ id, title }) =>
    h(
      "button",
      {
        type: "button",
        "data-testid": `panel-${id}`,
        "aria-expanded": "false",
        onclick: () => {
          asked = store.state.panel !== id;
          store.set({ panel: asked ? id : null });
        },
      },
      t(title),
    ),
  );
  const title = h("h2", { tabindex: -1, id: "panel-title" });
  const close = h(
    "button",
    { type: "button", class: "small", "data-testid": "panel-close", onclick: () => leave() },
    t("neuron.close"),
  );
  const body = h("div", { class: "panel-body" });
  const place = h(
    "div",
    { class: "card panel", hidden: true },
    h("div", { class: "head" }, title, close),
    body,
  );
  const nav = h("nav", { class: "toolbar", "aria-label": t("panels.title") }, ...buttons);
  const leave = () => {
    buttons[shown.findIndex(({ id }) => id === store.state.panel)]?.focus();
    store.set({ panel: null });
  };
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) leave();
  });
  let asked = false; // whether a button of the bar was used: then the reader is taken to what it opened
  /** @type {View | null} */
  let open = null;
  return {
    element: h("div", { class: "panels" }, nav, place),
    render(look, before) {
      const { panel } = look.state;
      if (before && panel === before.state.panel) return open?.render(look, before);
      shown.forEach(({ id }, i) => set(buttons[i], { "aria-expanded": String(id === panel) }));
      const found = shown.find(({ id }) => id === panel);
      open = found ? found.view(page, shown) : null; // made when it is opened, so that a closed one costs nothing
      body.replaceChildren(...(open ? [open.element] : []));
      place.hidden = !open;
      set(place, { "data-panel": found?.id });
      say(title, found ? t(found.title) : "");
      open?.render(look, null);
      place.scrollTop = 0;
      // Opened by its address, where it stands below all else, it is brought into sight, too.
      if (open && !before && narrow.matches && !look.state.step)
        requestAnimationFrame(() => reveal(place, true));
      if (!open || !before) return;
      if (asked || look.state.step === before.state.step) reveal(place, narrow.matches);
      if (asked) title.focus({ preventScroll: true });
      asked = false;
    },
  };
}
