"""What layers that hold layers have in common."""

from __future__ import annotations

from pellucid.core.layer import Layer, flat
from pellucid.core.types import Array


class Nested(Layer):
    """A layer whose arrays are those of its `inner` layers.

    Names of arrays count through the inner layers: "0.W", "0.b", "1.W".
    """

    @property
    def params(self) -> list[Array]:
        return flat(layer.params for layer in self.inner)

    @property
    def buffers(self) -> list[Array]:
        return flat(layer.buffers for layer in self.inner)

    def arrays(self) -> dict[str, Array]:
        return {
            f"{index}.{name}": array
            for index, layer in enumerate(self.inner)
            for name, array in layer.arrays().items()
        }
