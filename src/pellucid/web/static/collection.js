// Drawings with their labels, kept in the browser from one visit to the next where it may.

/**
 * @typedef {{label: number, pixels: Uint8Array, sent: boolean}} Saved a drawing as the network sees
 *   it, and whether the teacher has it
 */

const KEY = "pellucid.digits";
export const MOST = 500; // 0.5 MB of the browser's 5

/** @type {WeakMap<object, Collection>} */
const collections = new WeakMap();

/** The drawings of a page. @param {{store: {set: (changes: {}) => void}}} page */
export function collectionOf(page) {
  const found = collections.get(page) ?? new Collection(() => page.store.set({}));
  collections.set(page, found);
  return found;
}

export class Collection {
  /** @param {() => void} changed called when another tab changes the drawings */
  constructor(changed) {
    /** @type {Saved[]} */
    this.drawings = [];
    // A frame's storage is often its own, or none: what is kept there is soon lost
    this.kept = window.self === window.top;
    this.read();
    addEventListener("storage", ({ key }) => {
      if (key !== KEY) return;
      this.read();
      changed();
    });
  }

  get full() {
    return this.drawings.length >= MOST;
  }

  read() {
    if (!this.kept) return;
    try {
      const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      this.drawings = Array.isArray(found) ? found.slice(0, MOST).flatMap(unpacked) : [];
    } catch {
      this.kept = false; // storage is forbidden, or holds something else
    }
  }

  /** @param {Saved[]} drawings */
  set(drawings) {
    this.drawings = drawings;
    if (!this.kept) return;
    try {
      localStorage.setItem(KEY, JSON.stringify(drawings.map(packed)));
    } catch {
      this.kept = false; // no room, or forbidden
    }
  }

  /** @param {number} label @param {ArrayLike<number>} pixels */
  add(label, pixels) {
    this.set([...this.drawings, { label, pixels: Uint8Array.from(pixels), sent: false }]);
  }

  /** @param {Saved} drawing */
  remove(drawing) {
    this.set(this.drawings.filter((other) => other !== drawing));
  }

  /** @param {Saved} drawing */
  markSent(drawing) {
    this.set(this.drawings.map((other) => (other === drawing ? { ...other, sent: true } : other)));
  }
}

/** @param {Saved} drawing */
function packed({ label, pixels, sent }) {
  return { label, pixels: btoa(String.fromCharCode(...pixels)), sent };
}

/** @param {any} kept @returns {Saved[]} none for anything that was not written here */
function unpacked({ label, pixels, sent }) {
  const bytes = pixelsOf(String(pixels));
  const fits = Number.isInteger(label) && label >= 0 && label <= 9 && bytes.length === 784;
  return fits ? [{ label, pixels: bytes, sent: Boolean(sent) }] : [];
}

/** Return the bytes of a text in base64. @param {string} text */
export function pixelsOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
