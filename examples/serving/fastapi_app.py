"""A pellucid server within a FastAPI application.

`MODEL=digits.safetensors uvicorn fastapi_app:app`

Under /models are all addresses of `pellucid serve`: /models/predict/digits, /models/v2/...
"""

import os

from fastapi import FastAPI

from pellucid import serving

app = FastAPI()
app.mount("/models", serving.app({"digits": os.environ["MODEL"]}))


@app.get("/")
def read_root() -> dict[str, str]:
    """Return where the models are."""
    return {"models": "/models"}
