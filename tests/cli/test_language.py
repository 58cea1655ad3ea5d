"""Korean and English at equal standing.

Every text is in the catalogue, and nothing English is left in Korean help.
"""

import ast
import importlib.util
import re
import string
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from babel.messages.pofile import read_po

import pellucid as pl
from pellucid.cli.click_texts import CLICK_TEXTS
from pellucid.cli.commands import pellucid
from pellucid.cli.help import shown
from pellucid.cli.output import laid_out, rows_text, wrap
from pellucid.errors import reason_of
from pellucid.language import cell_width, say, set_language, translate
from tests.cli.conftest import Result
from tests.narrowing import present

ROOT = Path(__file__).parents[2]
SOURCE = Path(pl.__file__).parent

# What stays in Latin letters in Korean texts: names of values, files, formats, programs and
# variables.
NAMES = {
    *(
        "matplotlib",
        *("tune", "best", "search", "m"),
        *(
            "score",
            "rejected",
            "parquet",
            "Ray",
            "auto",
            "local",
            "id",
            "name",
            "bucket",
            "rows",
            "URL",
        ),
        *("s", "batches", "epoch", "XOR"),
        *("SQLite", "DuckDB", "sql", "samples", "js", "mjs", "JavaScript", "Node", "row"),
        "pellucid",
        "QR",
        "MNIST",
        "mnist",
        "IDX",
        "PNG",
        "JPEG",
        "JSON",
        "NumPy",
        "MNIST",
        "npz",
        "npy",
        "x",
        "t",
        "x_test",
    ),
    *(
        "t_test",
        "balanced",
        "xor",
        "moons",
        "circles",
        "spirals",
        "sigmoid",
        "relu",
        "tanh",
        "leaky_relu",
        "gelu",
        "silu",
    ),
    *(
        "softplus",
        "softmax",
        "identity",
        "cross_entropy",
        "binary_cross_entropy",
        "mean_squared_error",
        "adamw",
    ),
    *(
        "adam",
        "sgd",
        "rmsprop",
        "adagrad",
        "one_cycle",
        "constant",
        "cosine",
        "step",
        "exponential",
        "auto",
        "native",
    ),
    *(
        "reference",
        "ko",
        "en",
        "PELLUCID_LANG",
        "Ctrl",
        "C",
        "digits",
        "model",
        "safetensors",
        "train",
        "predict",
    ),
    *("evaluate", "summary", "data", "doctor", "demo", "open"),
    *("serve", "Open", "Inference", "Protocol", "KServe", "v", "MLflow", "HTTP", "SIGTERM"),
    *("Authorization", "Bearer", "TOKEN", "https", "example", "org", "text", "off", "json"),
    *("a", "b", "token", "txt"),
    *("nn", "Sequential", "norm"),
    *("CSV", "Parquet", "Feather", "classify", "regress", "tabular", "plain", "describe"),
    *(
        "inspect",
        "explain",
        "compare",
        "SVG",
        "PDF",
        "pip",
        "install",
        "plot",
        "ROC",
        "R",
        "product",
        "gradient",
        "all",
    ),
    *(
        "export",
        "import",
        "verify",
        "PyTorch",
        "ONNX",
        "Runtime",
        "Python",
        "torch",
        "onnx",
        "c",
        "json",
        "h",
        "int",
    ),
    *(
        "state_dict",
        "OUT",
        "html",
        "site",
        "Linear",
        "pth",
        "pt",
        "fc",
        "out",
        "digits_torch",
        "py",
    ),
    *("shift", "rotation", "scale", "elastic", "smoothness", "noise", "brightness", "none"),
}


ERRORS = ("InputError", "FileError", "DivergenceError", "StructureError", "MissingLibraryError")


def messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    module = importlib.util.module_from_spec(present(spec))
    present(present(spec).loader).exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return messages()


@pytest.fixture(scope="module")
def extracted(tool: ModuleType) -> list[Any]:
    return list(tool.extracted())


@pytest.fixture(scope="module")
def catalog(tool: ModuleType) -> Any:
    with tool.PO.open("rb") as file:
        return read_po(file, locale="ko")


def test_every_text_is_in_the_catalogue_with_its_korean(
    tool: ModuleType, catalog: Any, extracted: list[Any]
) -> None:
    known = {message.id: message for message in catalog if message.id}
    assert set(known) == set(extracted), "run make messages"
    assert tool.missing(catalog) == []
    assert not catalog.obsolete
    assert not [message.id for message in known.values() if message.fuzzy]


def test_catalogue_files_are_what_the_tool_makes_of_the_code(tool: ModuleType) -> None:
    current = tool.current()
    assert tool.PO.read_bytes() == tool.as_po(current), "run make messages"
    assert tool.MO.read_bytes() == tool.as_mo(current), "run make messages"
    assert not re.search(rb"Date|/work|/home|\d{4}-\d\d", tool.PO.read_bytes().split(b"\n\n")[0])


def fields(text: str) -> set[tuple[str, str | None, str | None]]:
    return {
        (name, spec, kind)
        for _, name, spec, kind in string.Formatter().parse(text)
        if name is not None
    }


def test_placeholders_are_the_same_in_both_languages(catalog: Any) -> None:
    for message in catalog:
        if isinstance(message.id, str) and message.id and "%(" not in message.id:
            assert fields(message.id) == fields(message.string), message.id
        elif isinstance(message.id, tuple):
            assert fields(message.string[0]) <= set().union(*map(fields, message.id)), message.id


def test_no_particle_hangs_on_a_placeholder(catalog: Any) -> None:
    # Which particle is right would depend on what stands there.
    for message in catalog:
        text = message.string if isinstance(message.string, str) else " ".join(message.string)
        assert not re.search(r"\}['\"]?(은|는|이|가|을|를|와|과|로|으로)(?![가-힣])", text), text
        assert not re.search(r"\}이어야|\}이므로|\}여야", text), text


def test_texts_of_click_are_those_that_click_has(catalog: Any) -> None:
    sources = " ".join(file.read_text() for file in Path(click.__file__).parent.glob("*.py"))
    ours = ("[OPTIONS]", "COMMAND [ARGS]...")
    for text in CLICK_TEXTS:
        for part in [text] if isinstance(text, str) else text:
            assert part in ours or part.replace("\n", "\\n").replace("\t", "\\t") in sources, part
        assert catalog.get(text) is not None


def test_catalogue_speaks_korean(catalog: Any) -> None:
    unchanged = {
        "20 x 20",
        "28 x 28",
        "{name}: {label}",
        "{path}: {reason}",
        "{wrong}{hint}",
        "sample_weight",
    }
    for message in catalog:
        text = message.string if isinstance(message.string, str) else message.string[0]
        if message.id and message.id not in unchanged:
            assert re.search("[가-힣]", text), message.id


@cache
def every_call() -> list[tuple[str, str, ast.expr]]:
    """Return the name of every call with arguments, where it is, and its first argument."""
    return [
        (getattr(node.func, "id", getattr(node.func, "attr", "")), place, node.args[0])
        for file in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and node.args
        for place in [f"{file.name}:{node.lineno}"]
    ]


def calls(names: tuple[str, ...]) -> list[tuple[str, ast.expr]]:
    """Return the first argument of every call of these names, and where it is."""
    return [(place, argument) for name, place, argument in every_call() if name in names]


def test_whatever_people_read_goes_through_say() -> None:
    """Text in a literal would stay English; names and numbers between signs are no text."""
    written = calls(("fail", "echo", "UsageError"))
    assert len(written) > 30
    for place, argument in written:
        if isinstance(argument, (ast.Constant, ast.JoinedStr)):
            parts = [argument] if isinstance(argument, ast.Constant) else argument.values
            literal = " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            assert not re.search(r"[a-z]", literal.replace("pellucid", "")), (
                f"{place}: {literal!r} without say(...)"
            )


def test_errors_are_templates_of_the_catalogue(extracted: list[Any]) -> None:
    """An error's first argument is a constant that the catalogue knows, or a Message.

    So are sentences of commands.
    """
    known = set(extracted)
    raised, told = calls(ERRORS), calls(("emit", "note", "wrong_use"))
    assert len(raised) > 300
    assert len(told) > 80
    for place, argument in raised:
        assert not isinstance(argument, (ast.JoinedStr, ast.BinOp)), f"{place}: no template"
    for place, argument in raised + told:
        if isinstance(argument, ast.Constant):
            assert argument.value in known, f"{place}: {argument.value!r} is not extracted"
        elif isinstance(argument, ast.JoinedStr):  # values between signs, no words
            words = [str(part.value) for part in argument.values if isinstance(part, ast.Constant)]
            assert not re.search("[a-z]", "".join(words)), place


def test_every_sentence_is_extracted(extracted: list[Any]) -> None:
    """The tool reads tokens: it misses what is nested in the arguments of another sentence."""
    known = {text for each in extracted for text in ([each] if isinstance(each, str) else each)}
    for place, argument in calls(("say", "mark", "Message")):
        if isinstance(argument, ast.Constant) and argument.value:
            assert argument.value in known, f"{place}: {argument.value!r} is not extracted"


@pytest.mark.parametrize("command", [None, *pellucid.commands])
def test_korean_help_is_korean_and_fits_80_columns(
    run: Callable[..., Result], command: str | None
) -> None:
    words = [command] if command else []
    text = run(*words, "--lang", "ko", "--help").out
    assert "사용법: pellucid" in text
    assert max(cell_width(line) for line in text.splitlines()) <= 80
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("  pellucid "))
    prose = re.sub(r"(?<![\w-])--?[a-z][a-z-]*", "", prose)
    assert set(re.findall(r"[A-Za-z_]+", prose)) - NAMES == set()


@pytest.mark.parametrize("command", [None, *pellucid.commands])
def test_english_help_has_no_korean(run: Callable[..., Result], command: str | None) -> None:
    text = run(*([command] if command else []), "--help", "--lang", "en").out
    assert text.startswith("Usage: pellucid")
    assert "Examples:" in text
    assert not re.search("[가-힣]", text)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("train", "--quik"), "'--quik' 옵션은 없습니다"),
        (("tain",), "'tain' 명령은 없습니다. 혹시 'train'입니까?"),
        (
            ("train", "--epochs", "x"),
            "'--epochs' 값이 잘못되었습니다: 1 이상의 정수여야 합니다 (입력: x)",
        ),
        (("train", "--dropout", "x"), "0 이상 1 미만의 수여야 합니다 (입력: x)"),
        (("train", "--loss", "x"), "다음 중 하나를 쓰세요"),
        (("train", "--epochs"), "옵션 뒤에 값이 와야 합니다"),
        (("train", "--json=1"), "값을 받지 않는 옵션입니다"),
        (("train", "a", "b"), "필요 없는 인수가 있습니다: a b"),
        (("predict",), "'모델' 인수가 필요합니다"),
        (("summary",), "모델 파일과 --layers 옵션"),
        ((), "명령이 필요합니다"),
    ],
)
def test_clicks_own_complaints_are_korean(
    run: Callable[..., Result], words: tuple[str, ...], told: str
) -> None:
    for spoken in (("--lang", "ko", *words), ("--lang=ko", *words)):
        result = run(*spoken)
        assert result.code == 2
        assert result.out == ""
        assert told in result.err
        prose = re.sub(r"'[^']*'|--[a-z]+|\ba b\b", "", result.err)
        assert set(re.findall(r"[A-Za-z_]+", prose)) <= NAMES


def test_an_unknown_language_is_told_of(run: Callable[..., Result]) -> None:
    result = run("--lang", "fr", "data")
    assert result.code == 2
    assert "'fr' is not one of 'ko', 'en'" in result.err
    assert run("data", "--lang").code == 2
    assert run("data", "--", "--lang", "ko").code == 2


@pytest.mark.parametrize(
    ("variable", "value", "korean"),
    [
        ("PELLUCID_LANG", "ko", True),
        ("LANG", "ko_KR.UTF-8", True),
        ("LANG", "C.UTF-8", False),
        ("LANG", "de", False),
    ],
)
def test_environment_chooses(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    korean: bool,
) -> None:
    monkeypatch.setenv(variable, value)
    assert ("손글씨" in run("data").out) is korean
    assert "손글씨" in run("data", "--lang", "ko").out
    assert "손글씨" not in run("--lang", "en", "data").out


def test_main_leaves_the_callers_language_alone(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    set_language("en")
    try:
        run("data", "--lang", "ko")
        assert say("layer") == "layer"
    finally:
        set_language(None)


def test_the_systems_reasons_are_translated(run: Callable[..., Result]) -> None:
    assert "그런 파일이나 폴더가 없" in run("summary", "nowhere", "--lang", "ko").err
    assert translate(reason_of(ValueError("as it is"))) == "as it is"
    with pytest.raises(ValueError, match="one of en, ko"):
        set_language("fr")


def test_version_and_python_m(
    run: Callable[..., Result], spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    assert run("--version").out == f"pellucid {pl.__version__}\n"
    process = spawn("--lang", "ko")
    assert "명령이 필요합니다" in process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert "Commands:" in run().err


def test_the_list_of_commands_needs_no_numpy() -> None:
    code = (
        "import sys; from pellucid.cli import main; main(['--help']);"
        "print({'numpy', 'PIL', 'safetensors'} & set(sys.modules))"
    )
    environment = {"PYTHONPATH": str(SOURCE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


def test_wrapping_counts_columns_and_help_breaks_long_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert wrap("", 10) == []
    assert wrap("a 가나다라", 5) == ["a", "가나다라"]
    assert wrap("가나 다라 마", 5) == ["가나", "다라", "마"]
    assert shown(None) == ""
    monkeypatch.setenv("COLUMNS", "20")
    assert laid_out("가나다라마바사아자차카") == "가나다라마바사아자차\n카"


def test_a_wide_first_column_leaves_room_for_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    lines = rows_text([("옵션", "가나다"), ("아주 긴 첫째 열", "라마바사 아자차카 타파하")])
    assert max(map(cell_width, lines.splitlines())) <= 24
    assert "".join(lines.split()) == "옵션가나다아주긴라마바사첫째열아자차카타파하"
