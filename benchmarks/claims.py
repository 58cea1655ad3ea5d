"""Check the claims: each is a ratio of two measured times, or a size, with its bound."""

from __future__ import annotations

from typing import Any, NamedTuple

MB = 1_000_000


class Verdict(NamedTuple):
    """A claim compared with the measurements: `measured` and `bound` in the same unit.

    Less is better, unless `at_least`.
    """

    claim: str
    against: str
    measured: float | None
    bound: float | None
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the claim holds; None without a bound or a measurement."""
        if self.measured is None or self.bound is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def fastest(
    results: list[dict[str, Any]], case: str, threads: int, contender: str, way: str | None = None
) -> Any:
    """Return a contender's median seconds by this way, or by its quickest; None if not measured."""
    fitting = [
        result["median"]
        for result in results
        if (result["case"], result["threads"], result["contender"]) == (case, threads, contender)
        and way in (None, result["way"])
    ]
    return min(fitting, default=None)


def quickest(
    results: list[dict[str, Any]], cases: tuple[str, ...], threads: int, contender: str
) -> Any:
    """Return a contender's median seconds in the quickest of these cases; None if not measured."""
    found = [fastest(results, "10,000 rows, " + case, threads, contender) for case in cases]
    return min((seconds for seconds in found if seconds is not None), default=None)


def verdicts(document: dict[str, Any]) -> list[Verdict]:
    """Compare all claims with the measurements."""
    every = document["surroundings"]["cores"]
    return [
        *_one_row(document.get("predictions", [])),
        *_many_rows(document.get("predictions", []), sorted({1, every})),
        *_epochs(document.get("epochs", []), every),
        *_product(document),
        *_commands(document.get("commands", {})),
        *_training(document.get("training", {})),
        *_sizes(document),
    ]


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours / theirs


def _one_row(results: list[dict[str, Any]]) -> list[Verdict]:
    found = []
    for kind in ("digits", "dense"):
        case = f"one row, {kind}"
        ours = fastest(results, case, 1, "pellucid", "predictor(x)")
        plain = fastest(results, case, 1, "pellucid", "net.predict(x)")
        ort = fastest(results, case, 1, "onnxruntime")
        found.append(
            Verdict(f"{case}, 1 thread: predictor(x)", "ONNX Runtime", _ratio(ours, ort), 1 / 4)
        )
        for way in ("nn.Sequential", "addmm by hand"):
            torch = fastest(results, case, 1, "torch", way)
            found.append(
                Verdict(
                    f"{case}, 1 thread: predictor(x)",
                    f"PyTorch, {way}",
                    _ratio(ours, torch),
                    1 / 15,
                )
            )
        found.append(
            Verdict(f"{case}, 1 thread: net.predict(x)", "ONNX Runtime", _ratio(plain, ort), 1)
        )
    return found


def _many_rows(results: list[dict[str, Any]], counts: list[int]) -> list[Verdict]:
    found = []
    kinds = {"MNIST": ("digits", "digits as bytes"), "digits": ("digits",), "dense": ("dense",)}
    bounds_of = {"MNIST": (2 / 3, 1 / 3), "digits": (None, None), "dense": (0.9, 0.5)}
    titles_of = {
        "MNIST": "MNIST, as bytes or floats",
        "digits": "digits as floats",
        "dense": "dense",
    }
    for kind, cases in kinds.items():
        for threads in counts:
            case, bounds = f"10,000 rows, {titles_of[kind]}", bounds_of[kind]
            ours = quickest(results, cases, threads, "pellucid")
            for (name, title), bound in zip(
                (("onnxruntime", "ONNX Runtime"), ("torch", "PyTorch")), bounds, strict=True
            ):
                theirs = quickest(results, cases, threads, name)
                found.append(
                    Verdict(f"{case}, {_threads(threads)}", title, _ratio(ours, theirs), bound)
                )
    return found


def _epochs(results: list[dict[str, Any]], every: int) -> list[Verdict]:
    bounds: dict[str, list[tuple[str, int, float | None]]] = {
        "784-16-16-10, sgd": [("torch", 1, 1 / 15), ("sklearn", 1, 1 / 8), ("jax", every, 1 / 2.5)],
        "784-128-64-10, sgd": [("torch", 1, 1 / 4), ("jax", every, 1 / 1.5)],
        "784-800-10, sgd": [("torch", every, 1 / 2.5), ("jax", every, 1.0)],
        "784-16-16-10, adam": [("torch", 1, 1 / 8)],
        "784-128-64-10, adam": [("torch", 1, 1 / 3)],
        "784-800-10, adam": [("torch", every, 1 / 1.5)],
        "784-128-64-10, sgd, dropout and BatchNorm": [("torch", 1, None)],
    }
    titles = {"torch": "PyTorch", "sklearn": "scikit-learn", "jax": "JAX"}
    found = []
    for case, against in bounds.items():
        for name, threads, bound in against:
            taken = [fastest(results, case, threads, "pellucid", way) for way in ("", "bytes in")]
            ours = min((seconds for seconds in taken if seconds is not None), default=None)
            ways = {
                each["way"] for each in results if (each["case"], each["contender"]) == (case, name)
            }
            for way in sorted(ways, reverse=True):
                ratio = _ratio(ours, fastest(results, case, threads, name, way))
                title = ", ".join(filter(None, [titles[name], way]))
                found.append(
                    Verdict(f"one epoch, {case}, {_threads(threads)}", title, ratio, bound)
                )
    return found


def _product(document: dict[str, Any]) -> list[Verdict]:
    found = []
    for threads, flops in document.get("product", {}).items():
        share = 100 * flops["alone"] / document["peak"][threads]
        found.append(
            Verdict(
                f"product at 1024^3, {_threads(int(threads))}",
                "measured peak",
                share,
                70,
                "%",
                True,
            )
        )
    return found


def _commands(commands: dict[str, Any]) -> list[Verdict]:
    quick, torch = commands.get("pellucid train --quick"), commands.get('python -c "import torch"')
    native, reference = (
        commands.get("pellucid train"),
        commands.get("pellucid train --engine reference"),
    )
    found = []
    if quick and torch:
        ratio = quick["median"] / torch["median"]
        found.append(
            Verdict("pellucid train --quick, start to exit", 'python -c "import torch"', ratio, 1)
        )
    if native and reference:
        ratio = native["median"] / reference["median"]
        found.append(Verdict("pellucid train, start to exit", "--engine reference", ratio, None))
    return found


def _training(seconds: dict[str, float]) -> list[Verdict]:
    ratio = _ratio(seconds.get("native"), seconds.get("reference"))
    return (
        [Verdict("pellucid train, seconds of training", "--engine reference", ratio, 1 / 3)]
        if ratio
        else []
    )


def _sizes(document: dict[str, Any]) -> list[Verdict]:
    commands, libraries = document.get("commands", {}), document.get("libraries", {})
    found = [
        Verdict(f"peak memory of {name}", "", commands[name]["peak"] / MB, 250, "MB")
        for name in ("pellucid train --quick", "pellucid train")
        if name in commands
    ]
    if libraries:
        found.append(
            Verdict("shared libraries, together", "", sum(libraries.values()) / MB, 2, "MB")
        )
    return found


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
