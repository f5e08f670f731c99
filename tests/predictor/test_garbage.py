"""When a process looks for garbage."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from transformermodel_predictor.garbage import uncollected


class Ring:
    """Something that only a search finds to be garbage."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """Tests may run in a process that looks for no garbage."""
    enabled = gc.isenabled()
    gc.enable()
    yield
    if not enabled:
        gc.disable()


def make_rings(count: int) -> "list[weakref.ref[Ring]]":
    return [weakref.ref(Ring()) for _ in range(count)]


def test_nothing_is_searched_for_meanwhile_and_everything_afterwards() -> None:
    with uncollected():
        rings = make_rings(2 * gc.get_threshold()[0])
        assert all(ring() for ring in rings)
    make_rings(2 * gc.get_threshold()[0])
    assert not any(ring() for ring in rings[:100])


def test_searches_begin_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_where_nobody_searches_nobody_begins_to() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()


def test_modules_are_passed_over_but_not_what_their_import_has_left() -> None:
    code = (
        "import gc, weakref\n"
        "from tests.predictor.test_garbage import make_rings\n"
        "from transformermodel_predictor.garbage import pass_over_modules\n"
        "gc.disable()\n"
        "rings = make_rings(3)\n"
        "pass_over_modules()\n"
        "print(any(ring() for ring in rings), gc.get_freeze_count() > 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["False", "True"]
