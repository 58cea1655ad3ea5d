// Elements made in one call, from attributes and children only: no text can become markup or code.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Attribute
 * @typedef {Node | string | null | undefined} Child
 */

/**
 * Make an HTML element. Functions become listeners ("onclick"), true an attribute without a value,
 * false and null none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  return assemble(document.createElement(tag), attributes, children);
}

/**
 * Make an SVG element in the same way.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(tag, attributes = {}, ...children) {
  return assemble(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, Attribute>} attributes
 * @param {Child[]} children
 * @returns {E}
 */
function assemble(element, attributes, children) {
  set(element, attributes);
  element.append(
    .../** @type {Node[]} */ (children.filter((child) => child !== null && child !== undefined)),
  );
  return element;
}

/**
 * Set attributes, each only where it changes.
 * @param {Element} element
 * @param {Record<string, Attribute>} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (
      value === null ||
      value === undefined ||
      (value === false && !name.startsWith("aria-"))
    ) {
      element.removeAttribute(name);
    } else {
      // ARIA reads "" as "undefined"
      const text = value === true && !name.startsWith("aria-") ? "" : String(value);
      if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
  }
}

/**
 * Scroll an element into sight, and no further than needed. Where its panel or detail scrolls by
 * itself only that scrolls, so that all else stays in sight.
 * @param {Element | null | undefined} element
 * @param {boolean} [begins] whether its beginning goes to the top even where a part is in sight
 */
export function reveal(element, begins = false) {
  if (!element || element.closest(".lesson")) return; // the lesson itself is always in sight
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  const { top, bottom } = element.getBoundingClientRect();
  const holder = element.parentElement?.closest(".panel, .detail");
  if (holder && getComputedStyle(holder).overflowY === "auto") {
    const room = holder.getBoundingClientRect();
    if (top < room.top || bottom > room.bottom)
      holder.scrollBy({
        top: Math.min(
          top - room.top - 8,
          bottom > room.bottom ? bottom - room.bottom + 8 : Infinity,
        ),
        behavior,
      });
    return;
  }
  const tall = bottom - top > 0.5 * innerHeight && (top < 0 || top > 0.4 * innerHeight);
  element.scrollIntoView({ block: begins || tall ? "start" : "nearest", behavior });
}

/**
 * Set an element's text, only where it changes: screen readers repeat what is set.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Replace the rows of a list. The focus stays on its button, by `data-key`, or goes to the one that
 * takes its place.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} rows each with as many buttons as the others
 * @param {HTMLElement} otherwise what gets the focus where no row is left
 */
export function replaceRows(list, rows, otherwise) {
  const buttons = () => Array.from(list.querySelectorAll("button"));
  const old = buttons();
  let at = old.findIndex((one) => one === document.activeElement);
  const each = old.length / list.children.length;
  list.replaceChildren(...rows);
  if (at < 0) return;
  const now = buttons();
  const { key } = old[at].dataset;
  while (at >= now.length && at >= 0) at -= each;
  const same = now.find(({ dataset }) => key && dataset.key === key);
  (same ?? now[at] ?? otherwise).focus({ preventScroll: true });
}
