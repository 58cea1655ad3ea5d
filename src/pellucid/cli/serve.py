"""`pellucid serve`: networks behind HTTP, for programs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote

import click

from pellucid.cli.help import argument, command, example, option
from pellucid.cli.models import DIGITS, model_path
from pellucid.cli.output import emit
from pellucid.cli.values import finite_number, whole_number
from pellucid.errors import InputError, Message
from pellucid.extras import library
from pellucid.files.opening import read_bytes
from pellucid.language import say

SHORTEST_TOKEN = 16  # characters; a shorter one could be guessed
LONGEST_TOKEN = 4096


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """The options of `pellucid serve`."""

    models: tuple[str, ...] = argument(
        "[MODEL]...",
        "Files of networks; a name is the file's without its extension. Without any: digits, the "
        "network in pellucid.",
        many=True,
    )
    host: str = option(
        "--host ADDRESS",
        "Address to listen on. Default: 127.0.0.1, this computer only; others need a token.",
        default="127.0.0.1",
    )
    port: int = option("--port N", "Port; 0 for any free one. Default: 8000.", default=8000)
    workers: int = option(
        "--workers N", "Processes that share the port. Default: 1.", type=whole_number(1), default=1
    )
    token_file: str | None = option(
        "--token-file FILE",
        "Answer only requests with this file's token: Authorization: Bearer TOKEN.",
    )
    origins: tuple[str, ...] = option(
        "--allow-origin ORIGIN",
        "A web page's host that may use the server, such as https://example.org; may be repeated.",
        multiple=True,
    )
    max_body: int = option(
        "--max-body BYTES",
        "The largest body of a request. Default: 8388608.",
        type=whole_number(1),
        default=8 << 20,
    )
    timeout: float = option(
        "--timeout SECONDS",
        "For a request's headers, its body, its computation, and reading the response: each. "
        "Default: 30.",
        type=finite_number(),
        default=30.0,
    )
    log: str = option(
        "--log FORM",
        "Access log on standard error: text, json (an object a line), or off. Default: text.",
        choices=("text", "json", "off"),
        default="text",
    )


@command(
    "serve",
    ServeOptions,
    "Serve networks over HTTP: the Open Inference Protocol for programs (also KServe v1 and MLflow "
    "addresses), and /predict/MODEL for people. A file that changes is loaded anew, without an "
    "interruption. SIGTERM or Ctrl-C stops it after the requests that it has accepted.",
    example("", "the network that comes with pellucid"),
    example("model.safetensors --port 9000", "a network of your own"),
    example("a.safetensors b.safetensors --workers 4", "several networks, four processes"),
    example("--host 0.0.0.0 --token-file token.txt", "for other computers, with a token"),
)
def serve(options: ServeOptions) -> None:
    """Serve networks until a signal."""
    for name in ("uvicorn", "httptools", "orjson", "prometheus_client"):
        library(name, "serve")
    from pellucid.serving import limits, server
    from pellucid.serving.models import by_name

    token = "" if options.token_file is None else _token(options.token_file)
    access = limits.local(options.origins, token)
    if options.host not in limits.LOOPBACK:
        access = limits.Access(token=token, origins=options.origins)
    allowed = limits.Limits(body=options.max_body, seconds=options.timeout)
    models = by_name([model_path(name) for name in options.models or (DIGITS,)])
    service = server.Service(models=models, limits=allowed, access=access, log=options.log)

    def ready(address: str) -> None:
        emit("serving {names} at {address}; Ctrl-C stops", names=", ".join(models), address=address)
        click.echo(say("Try it in another terminal:"))
        click.echo(f"  {_trial(address, next(iter(models)), options.token_file)}")

    server.serve(service, options.host, options.port, options.workers, ready)


def _token(file: str) -> str:
    """Return the token in a file, without the line's end."""
    content = read_bytes(file, Message("a file with a token"), LONGEST_TOKEN)
    try:
        token = content.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise InputError(
            "{path}: expected a token of {least} or more letters, digits and signs in one line; "
            "`openssl rand -hex 32` makes one",
            path=file,
            least=SHORTEST_TOKEN,
        )
    return token


def _trial(address: str, model: str, token_file: str | None) -> str:
    """Return a command line that gets an example of a request and sends it."""
    url = shlex.quote(f"{address}/predict/{quote(model, safe='')}")  # IPv6 has brackets
    curl = "curl -s"
    if token_file is not None:
        curl += f' -H "Authorization: Bearer $(cat {shlex.quote(token_file)})"'
    return f"{curl} {url} | {curl} --data-binary @- {url}"
