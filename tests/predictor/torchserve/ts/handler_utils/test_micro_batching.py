import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.predictor.torchserve.ts.archives import EXPLAIN, ask, context_of
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.handler_utils.micro_batching import MicroBatching
    from ts.torch_handler.base_handler import BaseHandler


class Adding(BaseHandler):
    """Adds 1, multiplies by 10 and writes as text; remembers the parts."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Any] = []
        self.threads: set[str] = set()

    def preprocess(self, data: Any) -> Any:
        self.parts.append([row["body"] for row in data])
        self.threads.add(threading.current_thread().name)
        return [row["body"] + 1 for row in data]

    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        if 0 in data:
            raise ArithmeticError("there is no zero")
        return [value * 10 for value in data]

    def postprocess(self, data: Any) -> Any:
        return [str(value) for value in data]

    def get_insights(self, prepared: Any, given: Any, target: Any) -> Any:
        return [{"of": given}]


@pytest.fixture
def handler() -> Iterator[Adding]:
    made = Adding()
    made.handle = MicroBatching(made, micro_batch_size=2)
    yield made
    made.handle.shutdown()


ROWS = [{"body": number} for number in range(5)]
ANSWERS = ["10", "20", "30", "40", "50"]


def test_a_batch_is_answered_in_parts_and_in_order(handler: Adding) -> None:
    context = context_of(Path("/nowhere"))
    assert ask(handler, context, ROWS) == ANSWERS
    assert sorted(handler.parts) == [[0, 1], [2, 3], [4]]
    assert [measured.name for measured in context.metrics.drain()] == ["HandlerTime"]
    assert handler.context is context


def test_several_threads_may_take_one_step(handler: Adding) -> None:
    handler.handle.parallelism = {"preprocess": 2, "inference": 3}
    assert handler.handle.parallelism == {"preprocess": 2, "inference": 3, "postprocess": 1}
    both = threading.Barrier(2, timeout=60)
    single = handler.preprocess

    def meeting(data: Any) -> Any:
        both.wait()  # which one thread alone would never pass
        return single(data)

    handler.preprocess = meeting
    assert ask(handler, context_of(Path("/nowhere")), ROWS[:4]) == ANSWERS[:4]
    assert handler.threads == {"preprocess-0", "preprocess-1"}


def test_a_step_that_fails_fails_its_batch_and_no_other(handler: Adding) -> None:
    context = context_of(Path("/nowhere"))
    for _ in range(3):
        with pytest.raises(ArithmeticError, match="there is no zero"):
            ask(handler, context, [*ROWS, {"body": -1}])
    assert ask(handler, context, ROWS) == ANSWERS


def test_its_threads_do_not_keep_a_process_alive_and_end_when_told(handler: Adding) -> None:
    own = [thread for thread in threading.enumerate() if thread.name.startswith(("preprocess", "inference"))]
    assert own
    assert all(thread.daemon for thread in own)
    handler.handle.shutdown()
    for thread in own:
        thread.join(60)
        assert not thread.is_alive()
    with pytest.raises(RuntimeError, match=r"were ended by shutdown\(\)"):
        ask(handler, context_of(Path("/nowhere")), ROWS)


def test_threads_that_end_within_a_batch_fail_it(handler: Adding) -> None:
    handler.inference = lambda data: handler.handle.shutdown()
    with pytest.raises(RuntimeError, match=r"were ended by shutdown\(\)"):
        ask(handler, context_of(Path("/nowhere")), ROWS[:1])


def test_a_part_knows_its_number(handler: Adding) -> None:
    handler.postprocess = lambda data: [handler.handle.get_micro_batch_idx()] * len(data)
    assert ask(handler, context_of(Path("/nowhere")), ROWS) == [0, 0, 1, 1, 2]


def test_explanations_and_descriptions_are_whole(handler: Adding) -> None:
    context = context_of(Path("/nowhere"))
    assert ask(handler, context, ROWS[:3], EXPLAIN) == [{"of": 0}, {"of": 1}, {"of": 2}]
    assert ask(handler, context, [{}], {"describe": "True"}) == [{}]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"micro_batch_size": 0}, "micro_batch_size must be at least 1"),
        ({"parallelism": {"inference": 0}}, "parallelism.inference must be at least 1"),
        ({"parallelism": {"sleep": 1}}, "parallelism is of preprocess, inference, postprocess, not of sleep"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MicroBatching(Adding(), **settings)
