// A panel: training, watched and steered.

import { h, set, setText } from "../dom.js";
import { number, percent } from "../format.js";
import { collectionOf } from "../collection.js";
import { partsOf } from "../heldout.js";
import { ACTIVATIONS, BATCHES, Trainer } from "../training.js";
import { TrainerHere } from "../training_here.js";
import { layerName } from "../texts.js";
import { neuronName } from "./neuron.js";
import { curves, watch } from "./watch.js";

/**
 * @typedef {import("../page.js").Page} Page
 * @typedef {import("../page.js").View} View
 * @typedef {import("../texts.js").Key} Key
 */

const RISEN = 1.3; // times the least loss: the training gets worse
const GUESSED = 0.2; // accuracy: hardly more than by guessing
const FEW = 10; // epochs of the page's few digits after which it should be more

/** @type {WeakMap<Page, Trainer>} */
const trainers = new WeakMap();

/** @param {Page} page @returns {View} */
export function learn(page) {
  return training(page, trainers.get(page) ?? newTrainer(page));
}

/**
 * A training at a glance, for the lesson.
 * @param {Page} page
 * @returns {import("./detail.js").Part}
 */
export function learnt(page) {
  return watch(page, trainers.get(page) ?? newTrainer(page));
}

/** Show the network that was opened, not the one in training. @param {Page} page */
export function leaveTraining(page) {
  (trainers.get(page) ?? newTrainer(page)).leave();
}

/** @param {Page} page */
function newTrainer(page) {
  const made = page.facts.server ? new Trainer(page) : new TrainerHere(page);
  trainers.set(page, made);
  return made;
}

/**
 * The panel. Its first screen is what a training looks like: controls, loss and accuracy, weights,
 * curves. Settings follow.
 * @param {Page} page
 * @param {Trainer} trainer
 * @returns {View}
 */
function training(page, trainer) {
  const { t } = page;
  const watched = watch(page, trainer);
  const drawn = curves(page);
  const notes = h("div", { class: "notices", role: "status" });
  const edited = h("p", { class: "note", hidden: true }, t("learn.edited"));
  const which = whichNetwork(page, trainer);
  const rewind = rewinding(page, trainer);
  const element = h(
    "div",
    { class: "learning" },
    watched.element,
    drawn.element,
    edited,
    notes,
    which.element,
    rewind.element,
    whileRunning(page, trainer),
    beginning(page, trainer),
    h("p", { class: "note" }, ...(page.facts.server ? [t("learn.text")] : textHere(page))),
  );
  return {
    element,
    render(look) {
      watched.render(look);
      drawn.render(trainer);
      which.render();
      rewind.render();
      edited.hidden = page.whole === page.opened || !page.store.state.edits.length;
      const words = notices(page, trainer);
      if (notes.textContent !== words.join(""))
        notes.replaceChildren(...words.map((text) => h("p", {}, text)));
    },
  };
}

/** Whether the shown network is the trained one, and a way back. @param {Page} page @param {Trainer} trainer */
function whichNetwork(page, trainer) {
  const { t } = page;
  const which = h("span");
  const opened = h(
    "button",
    {
      type: "button",
      class: "small",
      "data-testid": "train-opened",
      onclick: () => trainer.leave(),
    },
    t("learn.opened"),
  );
  return {
    element: h("p", { class: "line note" }, which, opened),
    render() {
      const own = page.whole === page.opened;
      opened.hidden = own;
      setText(which, t(!own ? "learn.now" : trainer.news ? "learn.waiting" : "learn.replaces"));
    },
  };
}

/** Going back to an epoch. @param {Page} page @param {Trainer} trainer */
function rewinding({ t }, trainer) {
  const back = h("input", {
    type: "range",
    id: "train-back",
    "data-testid": "train-back",
    min: 0,
    oninput: () => goBack(trainer, trainer.news?.kept[Number(back.value)] ?? 0),
  });
  const reached = h("output", { for: "train-back" });
  const label = h("label", { for: "train-back" }, t("learn.back"));
  return {
    element: h("p", { class: "line" }, label, back, reached),
    render() {
      const { news } = trainer;
      const kept = news?.kept ?? [0];
      set(back, { max: kept.length - 1, disabled: kept.length < 2 });
      if (news && document.activeElement !== back) back.value = String(kept.indexOf(news.shown));
      setText(reached, String(news?.shown ?? 0));
    },
  };
}

/** What is trained on without a server. @param {Page} page */
function textHere(page) {
  const { training, held } = partsOf(page);
  const words = { training: training.length, held: held.length };
  return [page.t("learn.offline", words), " ", h("code", {}, "pellucid open")];
}

/** @type {WeakMap<Trainer, number>} */
const wanted = new WeakMap();

/**
 * Go back to an epoch; of those asked for meanwhile only the last is sent.
 * @param {Trainer} trainer
 * @param {number} epoch
 */
async function goBack(trainer, epoch) {
  const busy = wanted.has(trainer);
  wanted.set(trainer, epoch);
  if (busy) return;
  for (let asked = -1; asked !== wanted.get(trainer);) {
    asked = /** @type {number} */ (wanted.get(trainer));
    await trainer.order("show", { epoch: asked });
  }
  wanted.delete(trainer);
}

/** The settings of the running training. @param {Page} page @param {Trainer} trainer */
function whileRunning({ t }, trainer) {
  const { settings } = trainer;
  const rate = h("input", {
    type: "number",
    id: "train-rate",
    min: 0,
    step: "any",
    value: settings.rate,
    onchange: () =>
      Number(rate.value) > 0 && trainer.set({ rate: Math.min(Number(rate.value), 1e6) }),
  });
  const batch = h(
    "select",
    { id: "train-batch", onchange: () => trainer.set({ batch: Number(batch.value) }) },
    ...BATCHES.map((size) =>
      h("option", { value: size, selected: size === settings.batch }, String(size)),
    ),
  );
  return h(
    "div",
    { class: "settings" },
    labelled(t("learn.rate"), rate),
    labelled(t("learn.batch"), batch),
  );
}

/** The settings of the next start. @param {Page} page @param {Trainer} trainer */
function beginning(page, trainer) {
  const { t } = page;
  const { settings } = trainer;
  const from = h(
    "select",
    { id: "train-from", onchange: () => trainer.set({ from: from.value }) },
    ...["fresh", "shown"].map((name) =>
      h(
        "option",
        { value: name, selected: name === settings.from },
        t(name === "fresh" ? "learn.from.fresh" : "learn.from.shown"),
      ),
    ),
  );
  const hidden = h("input", {
    id: "train-hidden",
    value: settings.hidden,
    pattern: "([1-9]\\d{0,2})(,\\s*[1-9]\\d{0,2}){0,3}",
    onchange: () =>
      hidden.checkValidity() && trainer.set({ hidden: hidden.value.replace(/\s/g, "") }),
  });
  const activation = h(
    "select",
    { id: "train-activation", onchange: () => trainer.set({ activation: activation.value }) },
    ...ACTIVATIONS.map((name) =>
      h("option", { value: name, selected: name === settings.activation }, name),
    ),
  );
  const seed = h("input", {
    type: "number",
    id: "train-seed",
    min: 0,
    max: 99999,
    value: settings.seed,
    onchange: () => seed.checkValidity() && trainer.set({ seed: Number(seed.value) }),
  });
  const details = h(
    "details",
    { class: "anew", open: trainer.expanded, ontoggle: () => (trainer.expanded = details.open) },
    h("summary", {}, t("learn.anew")),
    h(
      "div",
      { class: "settings" },
      labelled(t("learn.from"), from),
      labelled(t("learn.hidden"), hidden),
      labelled(t("learn.activation"), activation),
      labelled(t("learn.seed"), seed),
    ),
    page.facts.server ? null : ownDrawings(page, trainer),
    h(
      "div",
      { class: "line" },
      h(
        "button",
        { type: "button", "data-testid": "train-start", onclick: () => trainer.start() },
        t("learn.start"),
      ),
    ),
    h("p", { class: "note" }, t("learn.seed.help")),
  );
  return details;
}

/** Whether the next start trains on the reader's drawings, too. @param {Page} page @param {Trainer} trainer */
function ownDrawings(page, trainer) {
  const count = collectionOf(page).drawings.length;
  if (!count) return null;
  const own = h("input", {
    type: "checkbox",
    id: "train-own",
    checked: trainer.settings.own,
    onchange: () => trainer.set({ own: own.checked }),
  });
  return h("label", { class: "choice" }, own, page.t("learn.own", { count }));
}

/** @param {string} text @param {HTMLInputElement | HTMLSelectElement} control */
function labelled(text, control) {
  return h("div", {}, h("label", { for: control.id }, text), control);
}

/** Return warnings and advice. @param {Page} page @param {Trainer} trainer */
function notices(page, { news, records, lost, refusal }) {
  const { t } = page;
  const words = [];
  if (lost) words.push(t("learn.lost"));
  if (refusal) words.push(refusal);
  if (!news) return words;
  const least = Math.min(...records.map(({ loss }) => loss));
  const { loss: last, accuracy } = records.at(-1) ?? { loss: 0, accuracy: 1 };
  // Dead and saturated neurons are named below, as they are now
  const hints = (news.hints ?? []).filter(({ kind }) => kind !== "dead" && kind !== "saturated");
  if (news.diverged) words.push(t("learn.diverged", { epoch: news.shown + 1 }));
  else if (hints.length) words.push(...hints.map((hint) => hint[page.store.state.language]));
  else if (records.length > 1 && last > RISEN * least)
    words.push(t("learn.rising", { least: number(least), last: number(last) }));
  else if (accuracy < GUESSED && (page.facts.server || records.length > FEW))
    words.push(t("learn.guessing", { accuracy: percent(accuracy) }));
  if (news.finished) words.push(t("learn.finished", { epochs: records.length }));
  for (const kind of /** @type {const} */ (["dead", "saturated"])) {
    const { count, some } = news.quiet[kind];
    const rows = page.facts.server ? "1,000" : partsOf(page).held.length;
    const names = some.map(([layer, neuron]) => nameOf(page, layer, neuron)).join(", ");
    if (count)
      words.push(
        t(`learn.${kind}`, { count, rows, names: count > some.length ? `${names}, …` : names }),
      );
  }
  return words;
}

/**
 * @param {Page} page
 * @param {string} layer index of a layer of activations
 * @param {number} neuron
 */
function nameOf(page, layer, neuron) {
  const index = Number.parseInt(layer);
  const place = page.network.neuronLayers.find(
    ({ number: at, first, stop }) => at && first <= index && index < stop,
  );
  return place ? `${layerName(page.t, place)}: ${neuronName(page, place, neuron)}` : String(neuron);
}
