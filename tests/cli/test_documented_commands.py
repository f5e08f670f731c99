"""The commands that the documentation tells to type exist, and so do their options."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from transformermodel_cli.main import app

ROOT = Path(__file__).parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]

_COMMAND = re.compile(r"(?:^ {4}(?:\S*/)?|`)transformermodel ([a-z][a-z-]*)([^`\n|#]*)", re.MULTILINE)
_OPTION = re.compile(r"(?<= )--[a-z-]+")
_TARGET = re.compile(r"(?:^ {4}|`)make ([a-z-]+)", re.MULTILINE)


def texts() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize(("name", "rest"), sorted(set(_COMMAND.findall(texts()))))
def test_a_command_and_its_options_exist(name: str, rest: str) -> None:
    group: Any = typer.main.get_command(app)
    assert name in group.commands
    known = {
        option
        for parameter in group.commands[name].params
        for each in (parameter.opts, parameter.secondary_opts)
        for option in each
    }
    assert set(_OPTION.findall(rest)) <= known


def test_what_make_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(_TARGET.findall(texts())) <= targets
