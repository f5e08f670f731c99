import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import
from transformermodel_predictor.torchserve.worker.import_path import HANDLER_PATH


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Every test here leaves the import path and the loaded modules as they were."""
    path = list(sys.path)
    yield
    assert sys.path == path
    assert "ts" not in sys.modules
    assert importlib.util.find_spec("ts") is None


def test_handlers_import_ts_within_the_block_alone() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("ts")
    with handlers_can_import():
        assert Path(importlib.import_module("ts.context").__file__ or "").is_relative_to(HANDLER_PATH)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("ts.context")


def test_a_class_is_the_same_in_every_block() -> None:
    found = []
    for _ in range(2):
        with handlers_can_import():
            found.append(importlib.import_module("ts.utils.util").PredictionException)
    assert found[0] is found[1]


def test_blocks_may_be_nested() -> None:
    with handlers_can_import():
        outer = importlib.import_module("ts.context")
        with handlers_can_import():
            assert importlib.import_module("ts.context") is outer
        assert importlib.import_module("ts.context") is outer


@handlers_can_import()
def failing() -> None:
    importlib.import_module("ts.context")
    raise ZeroDivisionError


def test_an_error_ends_the_block_too() -> None:
    with pytest.raises(ZeroDivisionError):
        failing()


def test_handlers_with_modules_of_one_name_do_not_meet(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "handler.py").write_text(
            f"from ts.context import Context\nimport words\nNAME = words.{name}\n"
        )
        (tmp_path / name / "words.py").write_text(f"{name} = {name!r}\n")
    for name in ("one", "two"):
        with handlers_can_import(tmp_path / name):
            assert name == importlib.import_module("handler").NAME
        assert "handler" not in sys.modules
        assert "words" not in sys.modules


def test_a_torchserve_that_is_installed_comes_back_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ts").mkdir()
    (tmp_path / "ts" / "__init__.py").write_text("")
    with monkeypatch.context() as installed:
        installed.syspath_prepend(tmp_path)
        other = importlib.import_module("ts")
        with handlers_can_import():
            assert importlib.import_module("ts") is not other
        assert importlib.import_module("ts") is other
        del sys.modules["ts"]
    importlib.invalidate_caches()
