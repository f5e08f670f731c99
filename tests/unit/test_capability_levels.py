"""The page of capability levels names tests that there are, or says why something is not offered."""

import ast
import re
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "capability-levels.md").read_text()
ANSWERS = re.findall(r"^\| (?!Question)([^-|][^|]*) \| ([^|]*) \| ([^|]*)\|$", PAGE, re.MULTILINE)
NAMED = re.compile(r"`(tests/[^`:]+\.py)::(\w+)`")


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((REPOSITORY / path).read_text())
    return frozenset(found.name for found in tree.body if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_level_is_answered() -> None:
    assert [line[3] for line in PAGE.splitlines() if line.startswith("## ")] == list("12345")
    assert len(ANSWERS) == sum(line.startswith("| ") for line in PAGE.splitlines()) - 5


def test_each_answer_names_a_test_or_says_that_something_is_not_offered() -> None:
    assert [
        question for question, answer, shown in ANSWERS if not NAMED.search(shown) and "Not offered" not in answer
    ] == []


def test_each_test_that_is_named_is_there() -> None:
    named = [found for *_, shown in ANSWERS for found in NAMED.findall(shown)]
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []
    assert all(name.startswith("test_") for _, name in named)
