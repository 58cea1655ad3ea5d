// Entry point: load the model, build the views, and give scripts and tests access to the running
// network.

import { h } from "./dom.js";
import { Page } from "./page.js";
import { resources } from "./resources.js";
import { plays } from "./state.js";
import { translator } from "./texts.js";
import { answer } from "./views/answer.js";
import { columns } from "./views/columns.js";
import { detail } from "./views/detail.js";
import { footer, header } from "./views/frame.js";
import { pad } from "./views/pad.js";
import { lesson } from "./views/lesson.js";
import { panels } from "./views/panels.js";
import { playground, sessionOf } from "./views/playground/playground.js";
import { stage } from "./views/stage.js";
import { start } from "./views/start.js";
import { hasLesson } from "./views/steps.js";
import { walkByKeys } from "./views/walk.js";

/** @typedef {import("./page.js").View} View */

/** @param {Page} page @returns {View[]} */
function build(page) {
  if (plays(page.store.state)) return [header(page), playground(page), footer(page)];
  const left = page.pictures ? pad(page) : columns(page);
  const lessons = hasLesson(page) ? [lesson(page)] : [];
  const others = [answer(page), left, stage(page), panels(page), start(page), detail(page)];
  const main = h("main", { class: "page" }, ...[...lessons, ...others].map((part) => part.element));
  const parts = [...others, ...lessons]; // the lesson last, since it marks elements of the others
  /** @type {View} */
  const middle = {
    element: main,
    render: (look, before) => parts.forEach((part) => part.render(look, before)),
  };
  return [header(page), middle, footer(page)];
}

async function begin() {
  try {
    const found = await resources();
    // A pupil's device begins with an empty drawing and the panel that sends it
    if (found.facts.sends && !location.hash) history.replaceState(null, "", "#d=&p=digits");
    const page = new Page(found);
    page.show(build);
    walkByKeys(page);
    Object.defineProperty(window, "pellucid", {
      value: {
        /** The running network. */
        get network() {
          return page.network;
        },
        /** The present look: state, picture, pass, prediction. */
        get look() {
          return page.look();
        },
        /** The playground: its setup, points and training. */
        get playground() {
          return sessionOf(page);
        },
        page,
      },
    });
    // milliseconds since navigation
    document.documentElement.dataset.ready = performance.now().toFixed();
  } catch (error) {
    const language = navigator.language.startsWith("ko") ? "ko" : "en";
    const reason = error instanceof Error ? error.message : String(error);
    document.body.replaceChildren(
      h("p", { role: "alert" }, translator(language)("page.failed", { reason })),
    );
    throw error;
  }
}

begin();
