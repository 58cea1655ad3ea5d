// The end of the lesson: the learner's own digit, read by a network whose every number the learner
// can explain; and ways on.

import { h, setText } from "../dom.js";
import { number } from "../format.js";
import { STEPS } from "../lesson.js";
import { concealed } from "../state.js";
import { leaveTraining } from "./learn.js";
import { starts } from "./start.js";

/** @typedef {import("../page.js").Page} Page */

/** @param {Page} page @returns {import("./detail.js").Part} */
export function finish(page) {
  const { t, store } = page;
  const read = h("p", { class: "read", role: "status" });
  const score = h("p", { class: "score" });
  const open = (/** @type {string} */ panel) => () =>
    store.set({ panel, step: null, neuron: null });
  const way = (/** @type {string} */ id, /** @type {string} */ text, /** @type {string} */ panel) =>
    h(
      "li",
      {},
      h("button", { type: "button", "data-testid": `finish-${id}`, onclick: open(panel) }, text),
    );
  const leave = h(
    "button",
    {
      type: "button",
      class: "small",
      "data-testid": "finish-opened",
      onclick: () => leaveTraining(page),
    },
    t("learn.opened"),
  );
  const trained = h("p", { class: "note" }, t("learn.now"), " ", leave);
  const questions = STEPS.filter(({ ask }) => ask).length;
  return {
    element: h(
      "div",
      { class: "finish" },
      read,
      trained,
      score,
      h("h3", {}, t("lesson.onward")),
      h(
        "ul",
        { class: "starts" },
        way("share", t("finish.share"), "share"),
        way("worksheet", t("finish.worksheet"), "worksheet"),
        ...starts(page, true),
      ),
    ),
    render({ state, network, prediction, confidence, empty }) {
      const drawn = state.input.source.kind === "drawn" && !empty;
      const words = concealed(state)
        ? { answer: "?", activation: "?" }
        : { answer: network.label(prediction), activation: number(confidence) };
      setText(read, drawn ? t("finish.read", words) : t("finish.draw"));
      const right = Object.values(state.answers).filter((how) => how === "right").length;
      trained.hidden = page.whole === page.opened;
      score.hidden = !Object.keys(state.answers).length; // they do not outlive a reload
      setText(score, t("finish.score", { right, all: questions }));
    },
  };
}
