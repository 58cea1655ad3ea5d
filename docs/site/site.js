// Pictures drawn for light and dark, and the live page, follow the site's own setting, which may
// differ from the system's.

const DARK = "prefers-color-scheme: dark";

/** @param {boolean} dark */
function follow(dark) {
  for (const source of document.querySelectorAll("picture source[data-dark], picture source[media]")) {
    if (source.media.includes(DARK)) source.dataset.dark = "";
    if ("dark" in source.dataset) source.media = dark ? "all" : "not all";
  }
  for (const frame of document.querySelectorAll("iframe.live")) {
    const address = new URL(frame.src);
    const parts = new URLSearchParams(address.hash.slice(1));
    const theme = dark ? "dark" : "light";
    if (parts.get("theme") === theme) continue;
    parts.set("theme", theme);
    address.hash = parts.toString();
    frame.src = address.href;
  }
}

const body = document.body;
const scheme = () => follow(body.getAttribute("data-md-color-scheme") === "slate");
new MutationObserver(scheme).observe(body, { attributeFilter: ["data-md-color-scheme"] });
scheme();
