// Panels below the picture: details on request, one at a time. To add one, add it to PANELS (docs/page.md).

import { h, set } from "../dom.js";
import { backprop } from "./backprop.js";
import { change } from "./change.js";
import { codes } from "./codes.js";
import { evaluate } from "./evaluate.js";
import { learn } from "./learn.js";
import { taught } from "./lesson.js";
import { matrix } from "./matrix.js";
import { parameters } from "./parameters.js";
import { share } from "./share.js";
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
  { id: "backprop", title: "back.title", fits: ({ network }) => network.classifies, view: backprop },
  { id: "evaluate", title: "evaluate.title", fits: ({ digits }) => digits.length > 0, view: evaluate },
  { id: "count", title: "count.title", view: parameters },
  { id: "matrix", title: "matrix.title", fits: ({ digits }) => digits.length > 0, view: matrix },
  { id: "torch", title: "codes.title", fits: taught, view: codes },
  { id: "share", title: "share.title", view: share },
];

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
        onclick: () => store.set({ panel: store.state.panel === id ? null : id }),
      },
      t(title),
    ),
  );
  const place = h("div", { class: "panel" });
  const nav = h("nav", { class: "tools", "aria-label": t("panels.title") }, ...buttons);
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    buttons[shown.findIndex(({ id }) => id === store.state.panel)]?.focus();
    store.set({ panel: null });
  });
  /** @type {View | null} */
  let open = null;
  return {
    element: h("section", { class: "card panels", "aria-label": t("panels.title") }, nav, place),
    render(look, before) {
      const { panel } = look.state;
      if (before && panel === before.state.panel) return open?.render(look, before);
      shown.forEach(({ id }, i) => set(buttons[i], { "aria-expanded": String(id === panel) }));
      const found = shown.find(({ id }) => id === panel);
      open = found ? found.view(page, shown) : null; // made when it is opened, so that a closed one costs nothing
      place.replaceChildren(...(open ? [open.element] : []));
      return open?.render(look, null);
    },
  };
}
