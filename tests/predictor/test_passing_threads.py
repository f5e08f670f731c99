"""Work in threads that end with it."""

import threading

import pytest

from transformermodel_predictor.passing_threads import PassingThreads


def test_each_work_has_a_thread_that_is_gone_afterwards() -> None:
    executor = PassingThreads("load")

    first, second = (executor.submit(threading.current_thread).result(timeout=10) for _ in range(2))

    assert first is not second
    assert first.name == "load"
    for thread in (first, second):
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_what_fails_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        PassingThreads("load").submit(lambda: 1 / 0).result(timeout=10)
