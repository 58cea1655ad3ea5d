"""What a module's `forward` method does to rows of numbers, recorded call by call.

`forward` runs once on real rows under a `TorchFunctionMode`, which sees every call of PyTorch that
has a tensor among its arguments. So shapes are known, and Python's own control flow and lists of
layers need no support: only what depends on the numbers themselves must be refused, and it passes
through PyTorch as well (`Tensor.__bool__`, `Tensor.item`). Of 172 dense modules of
tests/exchange/torch_modules.py this records all; `torch.fx.symbolic_trace` reads 169 (not `len(x)`,
not `if x.shape[1] != 4`), and knows no shapes; `torch.export` reads 171, in ATen's operators, which
no longer tell what was one module (a Dropout, its rate).
"""

from __future__ import annotations

import functools
import linecache
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from pellucid.errors import InputError, Message

_HERE = __file__
# With a separator at the end, so that torchvision is no part of torch.
_TORCH = str(Path(torch.__file__).parent / "_").rstrip("_")
_MODULES = str(Path(_TORCH) / "nn" / "modules" / "_").rstrip("_")
_LIBRARIES = (_TORCH, str(Path(__file__).parent / "_").rstrip("_"), "<frozen")

# Questions about a tensor whose answers do not depend on its numbers.
_HARMLESS = frozenset(
    (
        *("size", "shape", "dim", "ndim", "ndimension", "dtype", "device", "numel", "nelement"),
        *("__len__", "is_floating_point", "is_complex", "is_contiguous", "requires_grad"),
        *("is_cuda", "is_sparse", "is_meta", "is_quantized", "is_leaf", "layout", "stride"),
        *("get_device", "element_size", "itemsize", "nbytes", "grad_fn", "grad", "is_nested"),
        *("__hash__", "_is_view", "_version", "is_mkldnn", "is_inference", "is_signed", "names"),
        *("storage_offset", "retains_grad", "is_mps", "is_xpu", "result_type"),
        *("_backward_hooks", "__format__", "__repr__"),
    )
)
# What these make has the shape of a tensor and nothing of its numbers.
_FACTORIES = frozenset(
    ("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "new_tensor")
)
_CONVERSIONS = ("to", "type", "type_as")


class Place(NamedTuple):
    """A line of the user's program: the file's name, the line's number and its text."""

    file: str
    line: int
    text: str


class Live(NamedTuple):
    """A tensor that depends on the input: its name in the record, and its shape."""

    name: str
    shape: tuple[int, ...]


class Call(NamedTuple):
    """A call with a live tensor among its arguments.

    Attributes
    ----------
    kind
        The function's name without its class, and without "_" where it works in place.
    function
        The function, or the module whose equivalent is a layer.
    args, kwargs
        Its arguments, with `Live` for live tensors; other tensors are constants.
    outputs
        The tensors that it returns; most functions return one.
    place
        The user's line.
    """

    kind: str
    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Live]
    place: Place

    def given(self, index: int, name: str, default: Any = None) -> Any:
        """Return an argument that was passed by place or by name."""
        return self.args[index] if index < len(self.args) else self.kwargs.get(name, default)

    def live(self) -> list[Live]:
        """Return the live tensors among the arguments, in order."""
        return [each for each in flat([self.args, self.kwargs]) if isinstance(each, Live)]

    def refused(self, reason: Message) -> InputError:
        """Return the error that names the line."""
        return refused(self.place, self.kind, reason)


class Record(NamedTuple):
    """The calls of one forward pass of so many rows, from the tensor "x" to the output."""

    rows: int
    calls: list[Call]
    output: Live


def refused(place: Place, kind: str, reason: Message) -> InputError:
    """Return the error that names a line of the user's program."""
    where = {"file": place.file, "line": place.line, "kind": kind, "reason": reason}
    if place.text:
        template = "{file}, line {line}: `{text}` ({kind}): {reason}"
        return InputError(template, text=place.text, **where)
    return InputError("{file}, line {line} ({kind}): {reason}", **where)


def record(module: nn.Module, x: torch.Tensor, known: Callable[[nn.Module], bool]) -> Record:
    """Return what the module does to x, (N, ...), with the modules that are `known` whole.

    The module is run as it is: pass a copy in evaluation mode, whose modules are changed. Raises
    InputError for what depends on numbers of x, and for anything but one tensor as its result.
    """
    recorder = _Recorder(x)
    whole = [inner for inner in module.modules() if known(inner)]
    for inner in whole:
        inner.forward = functools.partial(recorder.module, inner, inner.forward)
    try:
        # With gradients: `tracing` follows them from derived weights back to parameters.
        with recorder, torch.enable_grad(), warnings.catch_warnings(action="ignore"):
            result = module(x)
    finally:
        for inner in whole:
            del inner.forward
    if recorder.refusal is not None:  # the user's program may have caught it
        raise recorder.refusal
    recorder.check_constants()
    place = recorder.calls[-1].place if recorder.calls else Place("forward", 0, "")
    if not isinstance(result, torch.Tensor):
        template = "its forward method returns {got}; expected one tensor"
        raise InputError(template, got=type(result).__name__)
    output = recorder.live.get(id(result))
    if output is None:
        raise InputError("its output does not come from its input through functions of PyTorch")
    return Record(x.shape[0], recorder.calls, recorder.checked(output, place, "return"))


class _Recorder(TorchFunctionMode):
    """The calls so far; `live` has the live tensors by their identity."""

    def __init__(self, x: torch.Tensor) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.refusal: InputError | None = None
        self.dtype = x.dtype
        self.live = {id(x): Live("x", tuple(x.shape))}
        self.kept: list[torch.Tensor] = [x]  # so that no identity is used twice
        self.stale: set[str] = set()
        self.constants: list[tuple[torch.Tensor, int, Place, str]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name = _name(func)
        changes = not name.startswith("__") and name.endswith("_")
        return self._call(name, func, func, args, dict(kwargs or {}), changes)

    def module(self, module: nn.Module, forward: Any, *args: Any, **kwargs: Any) -> Any:
        """Record the call of a module as a whole."""
        if not torch._C._is_torch_function_mode_enabled():  # within another module that is whole
            return forward(*args, **kwargs)
        with torch._C.DisableTorchFunction():
            changes = getattr(module, "inplace", False) is True
            return self._call(type(module).__name__, module, forward, args, kwargs, changes)

    def check_constants(self) -> None:
        """Raise InputError where a constant changed after it was used."""
        for constant, version, place, kind in self.constants:
            # PyTorch counts changes in place in `_version`, which inference tensors lack.
            if not constant.is_inference() and constant._version != version:
                reason = Message("a tensor that it takes is changed in place later: make a new one")
                raise self._refuse(place, kind, reason)

    def checked(self, live: Live, place: Place, kind: str) -> Live:
        """Return the tensor; raises InputError where its numbers were changed in place."""
        if live.name in self.stale:
            reason = Message("its numbers were changed in place through another tensor")
            raise self._refuse(place, kind, reason)
        return live

    def _call(
        self,
        name: str,
        function: Any,
        run: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        changes: bool,
    ) -> Any:
        if name in _HARMLESS or name in _FACTORIES:
            return run(*args, **kwargs)
        place = _place()
        kind = name if name.startswith("__") else name.rstrip("_")
        changes = changes or kwargs.get("inplace") is True
        subject = args[0] if args else None
        frozen = [self._frozen(each, place, kind) for each in (args, kwargs)]
        if not any(isinstance(each, Live) for each in flat(frozen)):
            return run(*args, **kwargs)
        result = run(*args, **kwargs)
        writes = kwargs.get("out") is not None or (changes and id(subject) not in self.live)
        if writes or result is None:
            reason = Message("it writes into a tensor in place: make a new one")
            raise self._refuse(place, kind, reason)
        if isinstance(result, str):  # x.type()
            return result
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        if not outputs or not all(isinstance(each, torch.Tensor) for each in outputs):
            reason = Message(
                "Python reads numbers of the input here: what happens may depend on them"
            )
            raise self._refuse(place, kind, reason)
        if (got := self._other_type(kind, outputs)) is not None:
            reason = Message("it computes in {got}; expected {dtype}", got=got, dtype=self.dtype)
            raise self._refuse(place, kind, reason)
        if changes:
            assert isinstance(subject, torch.Tensor)
            self._overwritten(subject)
        found = [self._keep(f"{kind} {len(self.calls)}.{i}", t) for i, t in enumerate(outputs)]
        self.calls.append(Call(kind, function, frozen[0], frozen[1], found, place))
        return result

    def _other_type(self, kind: str, outputs: list[torch.Tensor]) -> torch.dtype | None:
        """Return the floating type that a call changes to, None where it changes none."""
        for each in outputs:
            number = each.is_floating_point() or each.is_complex() or kind in _CONVERSIONS
            if number and each.dtype != self.dtype:
                return each.dtype
        return None

    def _keep(self, name: str, tensor: torch.Tensor) -> Live:
        self.kept.append(tensor)
        self.live[id(tensor)] = found = Live(name, tuple(tensor.shape))
        return found

    def _overwritten(self, changed: torch.Tensor) -> None:
        """Mark all other tensors that share memory with one that may have changed in place."""
        storage = changed.untyped_storage().data_ptr()
        for tensor in self.kept:
            if tensor is not changed and tensor.untyped_storage().data_ptr() == storage:
                self.stale.add(self.live[id(tensor)].name)

    def _frozen(self, value: Any, place: Place, kind: str) -> Any:
        """Return arguments with `Live` for live tensors and copies of constants."""
        if isinstance(value, torch.Tensor):
            if (live := self.live.get(id(value))) is not None:
                return self.checked(live, place, kind)
            version = 0 if value.is_inference() else value._version
            self.constants.append((value, version, place, kind))
            return value
        if type(value) in (tuple, list):
            return type(value)([self._frozen(each, place, kind) for each in value])
        if isinstance(value, dict):
            return {key: self._frozen(each, place, kind) for key, each in value.items()}
        return value

    def _refuse(self, place: Place, kind: str, reason: Message) -> InputError:
        self.refusal = self.refusal or refused(place, kind, reason)
        return self.refusal


def _name(function: Any) -> str:
    """Return a function's name; of an attribute of tensors ("T") the attribute's."""
    name: str = getattr(function, "__name__", str(function))
    if name in ("__get__", "__set__"):
        owner = getattr(function, "__self__", None)
        name = getattr(owner, "__name__", name) + ("" if name == "__get__" else "_")
    return name


def flat(value: Any) -> Iterator[Any]:
    """Yield what is in lists, tuples and dicts, however nested."""
    if isinstance(value, (tuple, list)) and not isinstance(value, Live):
        for each in value:
            yield from flat(each)
    elif isinstance(value, dict):
        yield from flat(list(value.values()))
    else:
        yield value


def _place() -> Place:
    """Return the innermost line of the module's own program.

    For modules of PyTorch itself that is the line in PyTorch.
    """
    frame: FrameType | None = sys._getframe(1)
    place = (_HERE, 0)
    while frame is not None and frame.f_code is not record.__code__:
        file, line = frame.f_code.co_filename, frame.f_lineno
        if not file.startswith(_LIBRARIES):
            place = (file, line)
            break
        if file.startswith(_MODULES) and not file.endswith("module.py"):
            place = (file, line)
        frame = frame.f_back
    return Place(Path(place[0]).name, place[1], linecache.getline(*place).strip())
