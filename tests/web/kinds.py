"""The types of the fixtures that the page's tests share, and values that must be there."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from playwright.sync_api import FloatRect, Locator
from playwright.sync_api import Page as Tab

import pellucid as pl
from pellucid.core.types import Array

Node: TypeAlias = Callable[..., Any]  # runs JavaScript beside the page's modules
Visit: TypeAlias = Callable[..., Tab]  # opens an address
Audit: TypeAlias = Callable[..., None]  # has axe look at a page
Stroke: TypeAlias = list[tuple[float, float]]  # points within the drawing, from 0 to 1

AUDITED = (360, 1440)  # the widths at which axe looks
PATIENCE = 600.0
"""Seconds that a test waits for an event, as long as a run of all tests may take.

No event takes more than a few seconds, so that no load of a machine decides.
"""

__all__ = [
    "AUDITED",
    "PATIENCE",
    "Audit",
    "Node",
    "Stroke",
    "Tab",
    "Visit",
    "affine",
    "area_of",
    "attribute",
    "bias",
    "numbers",
]


def attribute(element: Locator, name: str) -> str:
    """Return an attribute that the element must have."""
    value = element.get_attribute(name)
    assert value is not None, name
    return value


def numbers(tab: Tab, expression: str) -> Any:
    """Return the value of JavaScript that holds many numbers.

    As one text, since the browser's driver wraps each number by itself.
    """
    plain = "(key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)"
    return json.loads(tab.evaluate(f"JSON.stringify({expression}, {plain})"))


def area_of(element: Locator) -> FloatRect:
    """Return the box of an element that must be visible."""
    box = element.bounding_box()
    assert box is not None
    return box


def affine(net: pl.Network, index: int) -> pl.Affine:
    """Return a layer that must be an Affine."""
    layer = net.layers[index]
    assert isinstance(layer, pl.Affine)
    return layer


def bias(net: pl.Network, index: int) -> Array:
    """Return the biases of a layer that must have some."""
    b = affine(net, index).b
    assert b is not None
    return b
