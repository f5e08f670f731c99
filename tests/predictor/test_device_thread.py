import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from transformermodel_predictor.device_thread import DeviceThread, ShutDown


@pytest.fixture
def thread() -> Iterator[DeviceThread]:
    with DeviceThread("device") as thread:
        yield thread


def until(holds: threading.Event, thread: DeviceThread) -> None:
    """Give way until something has happened."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds.is_set() and time.monotonic() < ends:
        thread.give_way()


def test_work_is_done_in_its_order_in_one_thread(thread: DeviceThread) -> None:
    done: list[int] = []
    for number in range(5):
        last = thread.submit(done.append, number)
    last.result(PATIENCE_SECONDS)
    assert done == [0, 1, 2, 3, 4]
    assert thread.submit(lambda: threading.current_thread().name).result(PATIENCE_SECONDS) == "device"


def test_what_fails_is_told_to_who_asked_and_harms_no_other(thread: DeviceThread) -> None:
    failing = thread.submit(lambda: 1 // 0)
    assert thread.submit(lambda: "well").result(PATIENCE_SECONDS) == "well"
    with pytest.raises(ZeroDivisionError):
        failing.result(PATIENCE_SECONDS)


@pytest.mark.parametrize("put", [lambda thread, work: thread.post(work, int), DeviceThread.submit_patient])
def test_the_log_tells_what_fails_where_nobody_waits(
    thread: DeviceThread, put: Callable[[DeviceThread, Callable[[], object]], None], caplog: pytest.LogCaptureFixture
) -> None:
    put(thread, lambda: 1 // 0)
    assert thread.submit(lambda: "well").result(PATIENCE_SECONDS) == "well"
    (record,) = caplog.records
    assert record.getMessage() == "work in the thread device failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_patient_work_gives_way_to_what_comes_meanwhile(thread: DeviceThread) -> None:
    begun, served, ended = threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def patient() -> None:
        begun.set()
        until(served, thread)
        order.append("patient")
        ended.set()

    def urgent() -> str:
        order.append("urgent")
        served.set()
        return threading.current_thread().name

    thread.submit_patient(patient)
    assert begun.wait(PATIENCE_SECONDS)
    assert thread.submit(urgent).result(PATIENCE_SECONDS) == "device"
    assert ended.wait(PATIENCE_SECONDS)
    assert order == ["urgent", "patient"]
    assert thread.seconds_given > 0


def test_patient_work_never_gives_way_to_other_patient_work(thread: DeviceThread) -> None:
    begun, served = threading.Event(), threading.Event()
    order: list[str] = []

    def first() -> None:
        begun.set()
        until(served, thread)
        order.append("first")

    thread.submit_patient(first)
    assert begun.wait(PATIENCE_SECONDS)
    thread.submit_patient(lambda: order.append("second"))
    thread.submit(served.set).result(PATIENCE_SECONDS)
    thread.submit(lambda: None).result(PATIENCE_SECONDS)  # what was put back is done before it
    assert order == ["first", "second"]


def test_what_has_been_given_way_to_gives_way_to_nobody(thread: DeviceThread) -> None:
    begun, served, nested = threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def urgent() -> None:
        thread.submit(lambda: (order.append("later"), nested.set()))
        thread.give_way()
        order.append("urgent")
        served.set()

    def patient() -> None:
        begun.set()
        until(served, thread)
        until(nested, thread)

    thread.submit_patient(patient)
    assert begun.wait(PATIENCE_SECONDS)
    thread.submit(urgent).result(PATIENCE_SECONDS)
    assert nested.wait(PATIENCE_SECONDS)
    assert order == ["urgent", "later"]


def test_other_threads_have_nothing_to_give_way_with(thread: DeviceThread) -> None:
    begun, go_on = threading.Event(), threading.Event()
    thread.submit_patient(lambda: (begun.set(), go_on.wait(PATIENCE_SECONDS)))
    assert begun.wait(PATIENCE_SECONDS)
    waiting = thread.submit(lambda: None)
    thread.give_way()
    assert not waiting.done()
    go_on.set()
    waiting.result(PATIENCE_SECONDS)


def test_a_thread_that_was_shut_down_takes_nothing_and_drops_what_waits() -> None:
    thread = DeviceThread("device")
    begun, go_on = threading.Event(), threading.Event()
    running = thread.submit(lambda: (begun.set(), go_on.wait(PATIENCE_SECONDS)))
    assert begun.wait(PATIENCE_SECONDS)
    waiting = thread.submit(lambda: None)
    calls: list[str] = []
    thread.post(lambda: calls.append("run"), drop=lambda: calls.append("dropped"))
    thread.shutdown(wait=False, cancel_futures=True)
    go_on.set()
    running.result(PATIENCE_SECONDS)
    assert waiting.cancelled()
    assert calls == ["dropped"]
    for put in (lambda: thread.submit(int), lambda: thread.post(int, int), lambda: thread.submit_patient(int)):
        with pytest.raises(ShutDown, match="shut down"):
            put()


def test_a_thread_without_work_comes_to_rest_until_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformermodel_predictor.device_thread._IDLE_SECONDS", 0.001)
    rests: SimpleQueue[str] = SimpleQueue()
    with DeviceThread("device", on_idle=lambda: rests.put(threading.current_thread().name)) as thread:
        for _ in range(2):
            assert thread.submit(lambda: "done").result(PATIENCE_SECONDS) == "done"
            assert rests.get(timeout=PATIENCE_SECONDS) == "device"
    assert rests.empty()
