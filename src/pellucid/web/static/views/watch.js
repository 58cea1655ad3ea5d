// A training at a glance: its controls, its scores, the weights as they sharpen, and its curves.

import { h, set, setText } from "../dom.js";
import { number, percent } from "../format.js";
import { chart } from "./chart.js";
import { gallery } from "./gallery.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../texts.js").Key} Key
 * @typedef {import("../training.js").Trainer} Trainer
 * @typedef {import("./chart.js").Line} Line
 */

const PACES = /** @type {const} */ (["slow", "epoch", "full"]);

/**
 * A training at a glance: play and pause, how far it is, loss and accuracy, weights as they sharpen.
 * @param {Page} page
 * @param {Trainer} trainer
 * @returns {import("./detail.js").Part}
 */
export function watch(page, trainer) {
  const { t } = page;
  const button = (
    /** @type {"play" | "pause" | "step" | "epoch"} */ name,
    /** @type {string} */ order,
  ) =>
    h(
      "button",
      {
        type: "button",
        class: name === "play" ? "small leading" : "small",
        "data-testid": `train-${name}`,
        onclick: () => trainer.order(order),
      },
      t(`learn.${name}`),
    );
  const [play, pause] = [button("play", "play"), button("pause", "pause")];
  const [loss, accuracy, place] = ["loss", "accuracy", "train-place"].map((name) =>
    h("output", { class: name, "data-testid": name }, "–"),
  );
  const figure = (/** @type {Key} */ name, /** @type {HTMLElement} */ value) =>
    h("div", {}, h("dt", {}, t(name)), h("dd", {}, value));
  const weights = gallery(page);
  const element = h(
    "div",
    { class: "watch" },
    h("div", { class: "line" }, play, pause, button("step", "batch"), button("epoch", "epoch")),
    paceChoice(page, trainer),
    h(
      "div",
      { class: "line now" },
      h("dl", { class: "figures" }, figure("learn.shares", accuracy), figure("learn.loss", loss)),
      place,
    ),
    weights.element,
  );
  return {
    element,
    render(look) {
      const { news } = trainer;
      const running = news !== null && news.mode !== "pause";
      set(play, { disabled: running || Boolean(news?.finished) });
      set(pause, { disabled: !running });
      const seen = page.whole === page.opened ? null : news; // the scores of the shown network
      setText(loss, typeof seen?.loss === "number" ? number(seen.loss) : "–");
      setText(accuracy, typeof seen?.accuracy === "number" ? percent(seen.accuracy) : "–");
      set(loss, { value: seen?.loss });
      set(accuracy, { value: seen?.accuracy });
      const now = news && { epoch: news.epoch, batch: news.batch, batches: news.batches };
      setText(place, now ? t(now.batches ? "learn.place" : "learn.after", now) : "");
      weights.render(look);
    },
  };
}

/** How fast it trains: slowly at first, so that it can be seen. @param {Page} page @param {Trainer} trainer */
function paceChoice({ t }, trainer) {
  const pace = h(
    "select",
    { id: "train-pace", onchange: () => trainer.set({ pace: pace.value }) },
    ...PACES.map((name) => {
      const selected = name === trainer.settings.pace;
      return h("option", { value: name, selected }, t(`learn.pace.${name}`));
    }),
  );
  return h("div", { class: "line" }, h("label", { for: pace.id }, t("learn.pace")), pace);
}

const LOW = 88; // pixels: both curves are seen with the weights
const GUESSING = 0.1; // accuracy of guessing one of ten digits
const LEAST_LOSS = 0.05; // at the top of its axis

/** The curves of loss and accuracy, from the untrained network on. @param {Page} page */
export function curves({ t }) {
  const losses = chart(t("learn.loss"), number, String, LOW);
  const accuracies = chart(
    t("learn.shares"),
    percent,
    (value) => `${Math.round(100 * value)} %`,
    LOW,
  );
  /** @param {Trainer} trainer @param {"loss" | "accuracy"} column @returns {Line[]} */
  const lines = ({ records, points }, column) => [
    {
      name: t("learn.training"),
      kind: "second",
      points: records.map((record) => [record.epoch, record[column]]),
    },
    {
      name: t("learn.held"),
      kind: "first",
      points: points.flatMap(({ at, [column]: value }) => (value === null ? [] : [[at, value]])),
    },
  ];
  return {
    element: h("div", { class: "charts" }, accuracies.element, losses.element),
    /** @param {Trainer} trainer */
    render(trainer) {
      const { records, news } = trainer;
      const more = { whole: true, ...(records.length > 1 ? { mark: news?.shown } : {}) };
      const level = { at: GUESSING, name: t("learn.guess") };
      accuracies.render(lines(trainer, "accuracy"), [0, 1], { ...more, level });
      const drawn = lines(trainer, "loss");
      const values = drawn.flatMap(({ points }) => points.map(([, value]) => value));
      const highest = Math.max(LEAST_LOSS, ...values.filter(Number.isFinite));
      losses.render(drawn, values.length ? [0, highest] : null, more);
    },
  };
}
