"""A pellucid network in Ray Serve: `MODEL=digits.safetensors serve run ray_serve:digits`.

The whole application is mounted, with its addresses: /v2/models/digits/infer and the others. Each
replica reads the file; a prediction takes microseconds, and so Ray's proxy takes nearly all of the
time.
"""

import os

from ray import serve

from pellucid.serving import app


def application() -> object:
    """Return the ASGI application; each replica makes its own."""
    return app({"digits": os.environ["MODEL"]})


@serve.deployment(num_replicas=2)
@serve.ingress(application)
class Digits:
    """The application behind Ray's proxy."""


digits = Digits.bind()
