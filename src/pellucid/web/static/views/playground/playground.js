// The playground: a network of two inputs that is trained in the page.

import { addressOf } from "../../address.js";
import { h, set, setText } from "../../dom.js";
import { number, percent } from "../../format.js";
import { Session } from "../../playground/session.js";
import { inFloat64, refusal } from "../../playground/trial.js";
import { hintLine } from "../../texts.js";
import { chart } from "../chart.js";
import { layersOf, pointsOf, trainingOf } from "./controls.js";
import { detail } from "./detail.js";
import { drawing } from "./drawing.js";
import { keep } from "./keep.js";
import { ownPoints } from "./own.js";
import { paletteOf } from "./palette.js";
import { placeAt, surface } from "./surface.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../page.js").View} View
 * @typedef {import("../../texts.js").Key} Key
 * @typedef {import("./drawing.js").Neuron} Neuron
 */

const SPEEDS = /** @type {const} */ (["slow", "normal", "fast"]);
const BUDGET = 7; // milliseconds of training in a frame
const CHARTED = 120; // points of a line in the chart
const CHART_EVERY = 150; // milliseconds between two charts
const ROUNDED = 1000; // own points have three decimals

/**
 * @typedef {Session & {playing: boolean, speed: (typeof SPEEDS)[number], chosen: Neuron | null,
 *   origin: string}} Played `origin` is the word of the address that it fits
 */

/** @type {WeakMap<Page, Played>} */
const sessions = new WeakMap();

/** Return the playground of a page; it outlives the views. @param {Page} page @returns {Played} */
export function sessionOf(page) {
  const word = page.store.state.playground ?? "";
  const known = sessions.get(page);
  if (known && known.origin === word) return known; // another word was typed as an address
  const fits = refusal(page.opened) === null;
  const opened = fits
    ? { network: inFloat64(page.opened), file: `${page.facts.name}.safetensors` }
    : null;
  const session = new Session(word, opened);
  const made = Object.assign(session, {
    playing: false,
    speed: /** @type {const} */ ("normal"),
    chosen: { layer: session.places.length - 1, index: 0 }, // the output: its bias is in sight
    origin: word,
  });
  sessions.set(page, made);
  return made;
}

/** @param {Page} page @returns {View} */
export function playground(page) {
  const { t, store } = page;
  const session = sessionOf(page);
  /** @type {import("./palette.js").Palette | null} */
  let palette = null;
  let { places } = session;
  let [painted, charted] = [true, 0]; // whether fields have to be painted; when the chart was
  const parts = {
    network: drawing(page, session, { choose, point }),
    surface: surface(page, session, { point, add, remove }),
    detail: detail(page, session, changed),
    points: pointsOf(page, session, changed),
    own: ownPoints(page, session, changed),
    training: trainingOf(page, session, changed),
    layers: layersOf(page, session, changed),
    keep: keep(page, session, changed, linkTo),
  };
  const bar = buttons(page, session, { play, changed });
  const scores = figures(page, session);
  const losses = chart(t("play.losses"), number);
  const element = h(
    "main",
    { class: "playground" },
    h("div", { class: "card play-bar" }, bar.element, parts.training.element, scores.element),
    h(
      "section",
      { class: "card play-data", "aria-label": t("play.points") },
      h("h2", {}, t("play.points")),
      parts.points.element,
      parts.own.element,
      parts.keep.element,
    ),
    h(
      "section",
      { class: "card play-middle", "aria-label": t("play.network") },
      parts.layers.element,
      parts.network.element,
      parts.network.told,
      h("p", { class: "note" }, t("play.legend")),
    ),
    h(
      "section",
      { class: "card play-output", "aria-label": t("play.output") },
      parts.surface.element,
      losses.element,
    ),
    parts.detail.element,
  );
  element.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (/** @type {Element} */ (event.target).closest("textarea, input")) return;
    event.preventDefault();
    if (event.shiftKey) session.redo();
    else session.undo();
    changed();
  });

  /** The address of this playground in the given state. @param {string} word */
  function linkTo(word) {
    const state = { ...store.state, ...page.defaults(), playground: word };
    return location.href.split("#")[0] + addressOf(state, page.pictures, page.preferred);
  }

  /** @param {Neuron} neuron @param {number} [from] */
  function choose(neuron, from) {
    const same = session.chosen?.layer === neuron.layer && session.chosen.index === neuron.index;
    session.chosen = same && from === undefined ? null : neuron;
    draw();
    if (from !== undefined) parts.detail.focus(from);
  }

  /** @param {[number, number]} share of the view */
  function point(share) {
    session.cursor = placeAt(session.view, share);
    if (!session.playing) draw();
  }

  /** Add a point where the cursor is. @param {number | null} k its class; null for the chosen one */
  function add(k) {
    if (session.setup.data !== "own") return;
    const [x, y] = session.cursor.map((value) => Math.round(value * ROUNDED) / ROUNDED);
    session.setPoints([...session.start.own, [x, y, k ?? parts.own.label]]);
    changed();
  }

  /** Remove the own point that is nearest to the cursor. */
  function remove() {
    const { own } = session.start;
    if (session.setup.data !== "own" || !own.length) return;
    const [u, v] = session.cursor;
    const away = own.map(([x, y]) => Math.hypot(x - u, y - v));
    const nearest = away.indexOf(Math.min(...away));
    session.setPoints(own.filter((_, i) => i !== nearest));
    changed();
  }

  /** Show what was set, and put it into the address. */
  function changed() {
    if (!session.trainable) session.playing = false;
    const { chosen } = session;
    const output = chosen?.layer === places.length - 1; // it stays chosen
    places = session.places;
    if (output) session.chosen = { layer: places.length - 1, index: 0 };
    else if (chosen && !(chosen.index < (places[chosen.layer]?.size ?? 0))) session.chosen = null;
    session.trial.fresh = false;
    charted = 0;
    session.origin = session.word();
    if (session.origin !== store.state.playground) store.set({ playground: session.origin });
    draw();
  }

  /** @param {boolean} playing */
  function play(playing) {
    session.playing = playing && session.trainable;
    if (session.playing) requestAnimationFrame(frame);
    draw();
  }

  function frame() {
    if (!session.playing || !element.isConnected) return;
    const start = performance.now();
    const { run, goal, speed } = session;
    if (goal > run.epoch || speed === "fast")
      do session.trainEpoch();
      while (!run.diverged && run.epoch !== goal && performance.now() - start < BUDGET);
    else if (speed === "normal") session.trainEpoch();
    else session.trainBatch();
    if (run.diverged || (goal && run.epoch >= goal)) {
      session.playing = false;
      session.goal = 0;
    }
    draw();
    element.dataset.frame = (performance.now() - start).toFixed(2);
    if (session.playing) requestAnimationFrame(frame);
  }

  function draw() {
    if (!palette) return;
    painted = session.trial.computeFields() || painted;
    const pass = session.network.forward(session.cursor);
    parts.network.draw(palette, { chosen: session.chosen, painted, pass });
    parts.surface.draw(palette, painted);
    parts.detail.draw(session.chosen, pass);
    painted = false;
    bar.draw();
    scores.draw();
    const now = performance.now();
    if (session.playing && now - charted < CHART_EVERY) return;
    charted = now;
    for (const part of ["points", "own", "training", "layers", "keep"])
      parts[/** @type {"points"} */ (part)].draw();
    drawLosses(page, session, losses);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (element.isConnected) repaint();
  });

  function repaint() {
    palette = paletteOf(element);
    painted = true;
    draw();
  }

  return {
    element,
    render({ state }, before) {
      if (before && state.theme === before.state.theme) return;
      repaint();
      if (!before && (session.playing || session.goal > session.run.epoch)) play(true);
    },
  };
}

/**
 * The buttons of training, and what it says.
 * @param {Page} page
 * @param {Played} session
 * @param {{play: (playing: boolean) => void, changed: () => void}} actions
 */
function buttons(page, session, { play, changed }) {
  const { t } = page;
  const button = (
    /** @type {string} */ id,
    /** @type {Key} */ key,
    /** @type {() => void} */ act,
    kind = "small",
  ) =>
    h("button", { type: "button", class: kind, "data-testid": `play-${id}`, onclick: act }, t(key));
  const after = (/** @type {() => void} */ act) => () => {
    act();
    changed();
  };
  const toggle = button("toggle", "learn.play", () => play(!session.playing), "leading");
  const step = button(
    "step",
    "learn.step",
    after(() => session.trainBatch()),
  );
  const epoch = button(
    "epoch",
    "learn.epoch",
    after(() => session.trainEpoch()),
  );
  const rewind = button(
    "rewind",
    "play.rewind",
    after(() => session.rewind()),
  );
  const undo = button(
    "undo",
    "pad.undo",
    after(() => session.undo()),
  );
  const redo = button(
    "redo",
    "pad.redo",
    after(() => session.redo()),
  );
  const speed = h(
    "select",
    {
      id: "play-speed",
      "data-testid": "play-speed",
      onchange: () => (session.speed = SPEEDS[speed.selectedIndex]),
    },
    ...SPEEDS.map((name) =>
      h("option", { selected: name === session.speed }, t(`play.speed.${name}`)),
    ),
  );
  const place = h("output", { "data-testid": "play-place" });
  const note = h("p", { class: "notices", role: "status", "data-testid": "play-note" });
  return {
    element: h(
      "div",
      { class: "play-run" },
      h(
        "div",
        { class: "line" },
        rewind,
        toggle,
        step,
        epoch,
        h("label", { for: "play-speed", class: "unseen" }, t("learn.pace")),
        speed,
        undo,
        redo,
        place,
      ),
      note,
    ),
    draw() {
      const { run, playing, trainable } = session;
      setText(toggle, t(playing ? "learn.pause" : "learn.play"));
      set(toggle, { disabled: !trainable, "aria-pressed": playing });
      for (const one of [step, epoch]) set(one, { disabled: playing || !trainable });
      set(undo, { disabled: !session.past.length });
      set(redo, { disabled: !session.future.length });
      const words = { epoch: run.epoch, batch: run.batch, batches: run.batches };
      setText(place, t(run.batch ? "play.place" : "play.after", words));
      const text = !trainable
        ? t("play.untrainable")
        : run.diverged
          ? t("play.diverged", { epoch: run.epoch + 1 })
          : session.goal > run.epoch
            ? t("play.replaying", { epoch: session.goal })
            : session.trial.watch.hints
                .map((hint) => hintLine(page.facts.hints, page.store.state.language, hint))
                .join(" ");
      setText(note, text);
    },
  };
}

/** Loss and accuracy of both parts of the points. @param {Page} page @param {Played} session */
function figures({ t }, session) {
  const names = /** @type {const} */ ([
    ["loss", "play.score.loss"],
    ["validation_loss", "play.score.loss.test"],
    ["accuracy", "play.score.accuracy"],
    ["validation_accuracy", "play.score.accuracy.test"],
  ]);
  const outputs = names.map(([name]) => h("output", { "data-testid": `play-${name}` }, "–"));
  const terms = names.map(([, key], i) =>
    h("div", {}, h("dt", {}, t(key)), h("dd", {}, outputs[i])),
  );
  return {
    element: h("dl", { class: "figures" }, ...terms),
    draw() {
      const record = session.run.records.at(-1) ?? session.trial.first;
      names.forEach(([name], i) => {
        const value = record[name];
        const shown = Number.isFinite(value)
          ? (name.includes("loss") ? number : percent)(value)
          : "–";
        setText(outputs[i], shown);
        set(outputs[i], { value: Number.isFinite(value) ? value : null });
      });
    },
  };
}

/**
 * Draw both losses, of at most CHARTED epochs.
 * @param {Page} page
 * @param {Played} session
 * @param {ReturnType<typeof chart>} losses
 */
function drawLosses({ t }, { run, trial: { held, first } }, losses) {
  const records = [first, ...run.records];
  const apart = Math.ceil(records.length / CHARTED);
  const some = records.filter((_, i) => (records.length - 1 - i) % apart === 0);
  const line = (
    /** @type {Key} */ key,
    /** @type {"first" | "second"} */ kind,
    /** @type {"loss" | "validation_loss"} */ name,
  ) => ({
    name: t(key),
    kind,
    points: some.flatMap((one) =>
      Number.isFinite(one[name]) ? [/** @type {[number, number]} */ ([one.epoch, one[name]])] : [],
    ),
  });
  const shown = [line("play.training", "first", "loss")];
  if (held) shown.push(line("play.test", "second", "validation_loss"));
  const most = Math.max(0.1, ...shown.flatMap(({ points }) => points.map(([, y]) => y)));
  losses.render(shown, [0, most], { whole: true });
}
