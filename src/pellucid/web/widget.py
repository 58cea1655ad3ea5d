"""The widget that `view` returns, in a module of its own since importing it needs anywidget."""

from __future__ import annotations

from typing import Any, TypeAlias

import anywidget
import traitlets

from pellucid.language import say

MimeBundle: TypeAlias = tuple[dict[str, Any], dict[str, Any]]  # content and metadata

SCRIPT = """
export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.title = model.get("label");
    frame.allow = "clipboard-write";
    frame.style.cssText = "display: block; width: 100%; border: 0";
    const size = () => { frame.style.height = `${model.get("height")}px`; };
    size();
    model.on("change:height", size);
    frame.srcdoc = model.get("page");
    el.replaceChildren(frame);
    return () => model.off("change:height", size);
  },
};
"""


class View(anywidget.AnyWidget):
    """The page of a network in a frame, with a picture of the network where no script runs."""

    _esm = SCRIPT
    page = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(860).tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, *, picture: str, page: str, height: int) -> None:
        super().__init__(label=say("the page of a network"), page=page, height=height)
        self._picture = picture

    def _repr_mimebundle_(self, **kwargs: Any) -> MimeBundle | None:
        made = super()._repr_mimebundle_(**kwargs)
        if made is None:
            return None
        content, metadata = made
        return {**content, **({"text/html": self._picture} if self._picture else {})}, metadata
