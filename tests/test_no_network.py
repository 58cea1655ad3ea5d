"""No command asks another computer, and neither does the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# What Python calls before it connects anywhere, resolves a name, or starts another program.
WATCHED = """
import sys

FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request",
             "socket.sendto", "ftplib.connect", "http.client.connect")

def refuse(event, arguments):
    if event in FORBIDDEN:
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
"""
COMMANDS = """
import os
import numpy as np
from pellucid.cli import main

rows = [f"{20 + k % 40},{'AB'[k % 2]},{k % 2}" for k in range(60)]
with open("t.csv", "w") as file:
    print("age,city,t", *rows, sep="\\n", file=file)
for words in (
    "doctor",
    "train --data t.csv --target t --quick --epochs 2 -o t.safetensors",
    "predict t.safetensors t.csv -o answers.csv",
    "evaluate t.safetensors t.csv",
    "explain t.safetensors t.csv --row 2",
    "data describe t.csv",
    "inspect t.safetensors",
    "export t.safetensors t.onnx",
    "export t.safetensors t.html",
    "import t.onnx -o back.safetensors",
    "evaluate digits",
):
    assert main([*words.split(), "--lang", "en"]) == 0, words
"""
PROOF = "import socket; socket.create_connection(('127.0.0.1', 9))"


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WATCHED + script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_no_command_asks_another_computer(tmp_path: Path) -> None:
    done = run(COMMANDS, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_connection_would_be_seen(tmp_path: Path) -> None:
    done = run(PROOF, tmp_path)
    assert done.returncode == 1 and "RuntimeError: socket." in done.stderr
