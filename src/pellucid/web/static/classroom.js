// A class: pupils' pages send drawings, the teacher's page receives them and trains on them.

import { pixelsOf } from "./collection.js";
import { Network } from "./network/network.js";

/**
 * @typedef {import("./page.js").Page} Page
 * @typedef {{number: number, label: number, pixels: Uint8Array, name: string, device: number,
 *   held_out: boolean}} Drawing
 * @typedef {{right: number, digits: number}} Score
 * @typedef {{trained: number, held_out: number, before: Score, after: Score}} Result
 */

export const LONGEST_NAME = 20;

/**
 * Send a drawing to the teacher; return why it was refused, or "".
 * @param {import("./collection.js").Saved} drawing
 * @param {string} name
 * @param {string} language
 */
export async function send({ label, pixels }, name, language) {
  const body = new Blob([Uint8Array.of(label), new Uint8Array(pixels), name]);
  const headers = { "accept-language": language, "content-type": "application/octet-stream" };
  const response = await fetch("digit", { method: "POST", headers, body });
  return response.ok ? "" : await response.text();
}

/** Return a name without what the server refuses. @param {string} text */
export function nickname(text) {
  const printable = text
    .replace(/\p{C}/gu, "")
    .replace(/\p{Z}+/gu, " ")
    .trim();
  return [...printable].slice(0, LONGEST_NAME).join("");
}

export class Classroom {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Map<number, Drawing>} */
    this.drawings = new Map();
    this.lost = false; // whether the server has stopped
    this.busy = false;
    this.refusal = "";
    /** @type {Result | null} */
    this.result = null;
    const source = new EventSource("class/drawings");
    source.onmessage = ({ data }) => this.take(JSON.parse(data));
    source.onerror = () => this.change({ lost: true });
  }

  /** @param {{first: boolean, added: (Omit<Drawing, "pixels"> & {pixels: string})[], removed: number[]}} news */
  take({ first, added, removed }) {
    if (first) this.drawings.clear();
    for (const { pixels, ...drawing } of added)
      this.drawings.set(drawing.number, { ...drawing, pixels: pixelsOf(pixels) });
    for (const number of removed) this.drawings.delete(number);
    this.change({ lost: false });
  }

  /** @param {number[]} numbers */
  async remove(numbers) {
    await this.order("remove", numbers.join());
  }

  /** Train the shown network on the class's drawings, and show the trained one. */
  async train() {
    this.change({ busy: true, result: null });
    const body = /** @type {BodyInit} */ (this.page.network.toBytes());
    const response = await this.order("train", body);
    this.change({ busy: false });
    if (!response) return;
    const { weights, ...result } = await response.json();
    const { store } = this.page;
    store.set({
      edits: [],
      past: store.state.past.map((step) => ({ ...step, edits: [] })),
      future: [],
    });
    this.result = result;
    this.page.use(Network.read(pixelsOf(weights).buffer));
  }

  /** @param {string} what @param {BodyInit} body @returns {Promise<Response | null>} */
  async order(what, body) {
    const headers = { "accept-language": this.page.store.state.language };
    try {
      const response = await fetch(`class/${what}`, { method: "POST", headers, body });
      this.change({ refusal: response.ok ? "" : await response.text() });
      return response.ok ? response : null;
    } catch {
      this.change({ lost: true });
      return null;
    }
  }

  /** @param {Partial<Pick<Classroom, "lost" | "busy" | "refusal" | "result">>} changes */
  change(changes) {
    Object.assign(this, changes);
    this.page.store.set({});
  }
}
