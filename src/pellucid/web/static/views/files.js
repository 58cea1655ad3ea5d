// The network as a model file: saved, and another one opened in its place.

import { h } from "../dom.js";
import { Network } from "../network/network.js";
import { upload } from "./upload.js";

/** @typedef {import("../page.js").Page} Page */

/** @param {Page} page @returns {HTMLElement} */
export function modelFiles(page) {
  const { t } = page;
  const status = h("p", { class: "status", role: "status" });
  const file = upload(t("files.open"), ".safetensors,.bin", status, (chosen) => open(page, chosen));
  const button = (
    /** @type {string} */ id,
    /** @type {import("../texts.js").Key} */ text,
    /** @type {() => void} */ onclick,
  ) => h("button", { type: "button", "data-testid": id, onclick }, t(text));
  return h(
    "div",
    {},
    h(
      "div",
      { class: "tools" },
      button("save-model", "edits.save", () => download(page)),
      button("open-model", "files.open", () => file.click()),
      page.whole === page.opened
        ? null
        : button("first-model", "learn.opened", () => show(page, page.opened)),
    ),
    file,
    status,
  );
}

/**
 * Show the network of a model file; return why it cannot be shown, or "".
 * @param {Page} page
 * @param {File} file
 */
async function open(page, file) {
  let network;
  try {
    network = Network.read(await file.arrayBuffer());
  } catch {
    return page.t("files.unread");
  }
  const sizes = (/** @type {Network} */ { D, neuronLayers }) =>
    `${D}, ${neuronLayers.at(-1)?.size}`;
  if (sizes(network) !== sizes(page.base) || network.takesBytes !== page.base.takesBytes)
    return page.t("files.other", { asked: sizes(page.base), got: sizes(network) });
  show(page, network);
  return "";
}

/** @param {Page} page @param {Network} network */
function show(page, network) {
  // they belong to the other network
  page.store.set({ edits: [], past: [], future: [], neuron: null, pointed: null });
  page.types = ""; // rebuilds the views: the header counts parameters
  page.use(network);
}

/** Save the network as a model file. @param {Page} page */
function download({ network, facts }) {
  const content = /** @type {BlobPart} */ (network.toBytes());
  const href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  h("a", { href, download: `${facts.name}-changed.safetensors` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
