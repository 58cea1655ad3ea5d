"""A pellucid network in BentoML.

`MODEL=digits.safetensors bentoml serve bentoml_service:Digits`
"""

import os

import bentoml
import numpy as np

import pellucid as pl


@bentoml.service(traffic={"timeout": 10})
class Digits:
    """Predicts rows, one request at a time: batches would win nothing here."""

    def __init__(self) -> None:
        self.net = pl.load(os.environ["MODEL"])

    @bentoml.api
    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, (N, K), for x, (N, D)."""
        return self.net.predict(x)
