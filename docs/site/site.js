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

// The theme makes a landmark of the buttons of every block of code, all without a name, and wide
// tables that scroll cannot be reached with the keyboard.
const reachable = () => {
  for (const bar of document.querySelectorAll("nav.md-code__nav")) bar.role = "none";
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) box.tabIndex = 0;
};
new MutationObserver(reachable).observe(body, { childList: true, subtree: true });
reachable();
