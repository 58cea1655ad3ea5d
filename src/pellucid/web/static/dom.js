// Elements made in one call; attributes only, no markup from strings, so that no text can become code.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Attribute
 * @typedef {Node | string | null | undefined} Child
 */

/**
 * An HTML element. Functions become listeners ("onclick"), true an attribute without a value, false and null none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * An SVG element, in the same manner.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Attribute>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, Attribute>} attributes
 * @param {Child[]} children
 * @returns {E}
 */
function filled(element, attributes, children) {
  set(element, attributes);
  element.append(
    .../** @type {Node[]} */ (children.filter((child) => child !== null && child !== undefined)),
  );
  return element;
}

/** Set attributes, each only where it changes. @param {Element} element @param {Record<string, Attribute>} attributes */
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
      const text = value === true && !name.startsWith("aria-") ? "" : String(value); // ARIA reads "" as "undefined"
      if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
  }
}

/**
 * Bring an element into sight with no more movement than that needs: within the panel or detail that holds it where that
 * scrolls by itself, so that all else stays in sight; else by the page.
 * @param {Element | null | undefined} element
 * @param {boolean} [begins] whether its beginning comes to the top, however much of it is in sight
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

/** Set an element's text where it changes. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
