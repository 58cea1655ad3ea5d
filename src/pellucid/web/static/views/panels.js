// Panels below the picture: details on request, one at a time. To add one, add it to PANELS (docs/page.md).

import { h, set } from "../dom.js";
import { parameters } from "./parameters.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {{id: string, title: import("../texts.js").Key, fits?: (page: Page) => boolean, view: (page: Page) => View}} Panel
 */

/** @type {Panel[]} */
const PANELS = [{ id: "count", title: "count.title", view: parameters }];

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
  /** @type {View | null} */
  let open = null;
  return {
    element: h("section", { class: "card panels", "aria-label": t("panels.title") }, nav, place),
    render(look, before) {
      const { panel } = look.state;
      if (before && panel === before.state.panel) return open?.render(look, before);
      shown.forEach(({ id }, i) => set(buttons[i], { "aria-expanded": String(id === panel) }));
      const found = shown.find(({ id }) => id === panel);
      open = found ? found.view(page) : null; // made when it is opened, so that a closed one costs nothing
      place.replaceChildren(...(open ? [open.element] : []));
      return open?.render(look, null);
    },
  };
}
