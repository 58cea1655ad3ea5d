// What a playground leaves: a model file, a link, and the same training in Python.

import { h, setText } from "../../dom.js";
import { Network } from "../../network/network.js";
import { refusal } from "../../playground/trial.js";
import { program } from "../../playground/setup.js";
import { upload } from "../upload.js";

/**
 * @typedef {import("../../page.js").Page} Page
 * @typedef {import("../../playground/session.js").Session} Session
 */

/**
 * @param {Page} page
 * @param {Session} session
 * @param {() => void} changed
 * @param {(word: string) => string} addressOf the address of a word
 */
export function keep({ t }, session, changed, addressOf) {
  const status = h("p", { class: "status", role: "status", "data-testid": "play-kept" });
  const link = h("input", { id: "play-link", readonly: true, "data-testid": "play-link" });
  const code = h("pre", { tabindex: 0, "data-testid": "play-code" });
  const note = h("p", { class: "note" });
  const file = upload(t("files.open"), ".safetensors,.bin", status, async (chosen) => {
    let network;
    try {
      network = Network.read(await chosen.arrayBuffer());
    } catch {
      return t("files.unread");
    }
    const refused = refusal(network);
    if (refused) return t(`play.refused.${refused[0]}`, refused[1]);
    session.open(network, chosen.name);
    changed();
    return t("play.opened", { name: chosen.name });
  });
  const button = (
    /** @type {string} */ id,
    /** @type {import("../../texts.js").Key} */ key,
    /** @type {() => void} */ onclick,
  ) => h("button", { type: "button", "data-testid": id, onclick }, t(key));

  async function copy() {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      // a page from a disk may not ask for the clipboard, but may copy what is selected
      document.execCommand("copy");
    }
    setText(status, t("share.copied"));
  }

  const details = h(
    "details",
    { "data-testid": "play-keep", ontoggle: draw },
    h("summary", {}, t("play.keep")),
    h(
      "div",
      { class: "line" },
      button("play-save", "play.save", () => save(session)),
      button("play-open", "files.open", () => file.click()),
    ),
    file,
    h("label", { for: "play-link" }, t("play.link")),
    h("div", { class: "line" }, link, button("play-copy", "share.copy", copy)),
    status,
    h("h3", {}, t("play.python")),
    code,
    note,
  );
  function draw() {
    if (!details.open) return;
    const { setup, start, run, trial } = session;
    const address = addressOf(session.word(true));
    if (link.value !== address) link.value = address;
    setText(code, program(setup, start.own, Math.max(run.epoch, 1), start.opened?.file ?? ""));
    setText(note, t(trial.changed ? "play.python.changed" : "play.python.same"));
  }

  return { element: details, draw };
}

/** Save the network as a model file. @param {Session} session */
function save({ network, setup }) {
  const content = /** @type {BlobPart} */ (network.toBytes());
  const href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const name = [setup.data, ...network.neuronLayers.map(({ size }) => size)].join("-");
  h("a", { href, download: `${name}.safetensors` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
