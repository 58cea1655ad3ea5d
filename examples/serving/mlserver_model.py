"""A pellucid network in MLServer.

model-settings.json: {"name": "digits", "implementation": "mlserver_model.PellucidModel",
"parameters": {"uri": "digits.safetensors"}}, then `mlserver start .`
"""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

import pellucid as pl


class PellucidModel(MLModel):
    """Predicts the rows of the first input."""

    async def load(self) -> bool:
        """Read the network from the file in the settings."""
        assert self.settings.parameters is not None and self.settings.parameters.uri is not None
        self.net = pl.load(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return the outputs as the tensor "y"."""
        x = NumpyCodec.decode_input(payload.inputs[0])
        y = NumpyCodec.encode_output("y", self.net.predict(x))
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[y])
