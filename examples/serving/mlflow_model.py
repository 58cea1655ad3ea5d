"""A pellucid network as an MLflow model, from code: no pickle.

    import mlflow
    mlflow.pyfunc.save_model("digits", python_model="mlflow_model.py",
                             artifacts={"network": "digits.safetensors"})

Then `mlflow models serve -m digits`, or `mlflow.pyfunc.load_model("digits").predict(x)`.
"""

import mlflow
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

import pellucid as pl


class PellucidModel(PythonModel):
    """Predicts arrays, (N, D), or the rows of a dataframe by its columns' names."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the network from the artifact."""
        self.net = pl.load(context.artifacts["network"])

    # MLflow reads types of arguments as the input's schema, and so there are none
    def predict(self, context, model_input):  # type: ignore[no-untyped-def]
        """Return the outputs, (N, K)."""
        knows_columns = isinstance(self.net.inputs, pl.Columns)
        is_frame = hasattr(model_input, "to_numpy")
        x = model_input if knows_columns or not is_frame else model_input.to_numpy()
        return self.net.predict(x)


assert mlflow.__version__ >= "2.12"  # set_model
set_model(PellucidModel())
