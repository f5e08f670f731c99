"""Settings of all tests."""

import gc
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.absent import HIDE_IT
from transformermodel_predictor.threads import cpu_limit

# Never judged by time: on a busy machine the first example may be slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Each process would compile and load a library for each instruction set before its first model, to see that it can.
os.environ.setdefault("TORCHINDUCTOR_VEC_ISA_OK", "1")

if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    # Threads of several processes that wait for each other on the same cores cost many times what they bring.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cpu_limit() // workers)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share the tests between processes, when pytest is called with `--numprocesses`."""
    from tests.sharing import ByGroup

    config.option.loadscopereorder = False
    return ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the order in which several processes take them; one process runs them in the same."""
    from tests.sharing import put_first

    put_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have the collector of garbage pass over what stays anyway: modules and tests are millions of objects.

    To look for garbage while they come would take a fifth of the time. Every preparation has it collected before it
    measures memory, which took longer than all else that it does.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _absent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide what tests alone need from the processes that they start."""
    folder = tmp_path_factory.mktemp("absent")
    (folder / "sitecustomize.py").write_text(f"{HIDE_IT}\n")  # Python looks for it wherever it imports from
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield
