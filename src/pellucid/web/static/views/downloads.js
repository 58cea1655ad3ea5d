// Buttons that download labelled drawings, and the commands that train on them.

import { h, set } from "../dom.js";
import { idxArchive, imageArchive } from "../archive.js";

/**
 * @param {import("../page.js").Page} page
 * @param {string} name of the archive and of its folder
 * @param {() => import("../archive.js").Labelled[]} drawings
 */
export function downloads({ t }, name, drawings) {
  const button = (
    /** @type {string} */ id,
    /** @type {import("../texts.js").Key} */ text,
    /** @type {() => Promise<Uint8Array> | Uint8Array} */ make,
  ) =>
    h(
      "button",
      {
        type: "button",
        "data-testid": id,
        onclick: async () => download(`${name}.zip`, await make()),
      },
      t(text),
    );
  const buttons = [
    button(`${name}-images`, "digits.images", () => imageArchive(drawings())),
    button(`${name}-idx`, "digits.idx", () => idxArchive(drawings())),
  ];
  const commands = h(
    "details",
    {},
    h("summary", {}, t("digits.then")),
    h(
      "pre",
      { tabindex: 0 },
      `python -m zipfile -e ${name}.zip ${name}\n` +
        `pellucid train --from digits --data ${name} --learning-rate 0.003 -o mine.safetensors`,
    ),
  );
  return {
    element: h("div", {}, h("div", { class: "tools" }, ...buttons), commands),
    render() {
      for (const one of buttons) set(one, { disabled: !drawings().length });
    },
  };
}

/** @param {string} name @param {Uint8Array} content */
function download(name, content) {
  const type = "application/zip";
  const href = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (content)], { type }));
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
