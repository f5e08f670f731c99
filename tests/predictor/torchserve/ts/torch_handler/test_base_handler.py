import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.predictor.torchserve.ts.archives import EXPLAIN, ask, begin, context_of
from tests.predictor.torchserve.ts.torch_handler.models import ANSWERS, ROWS, write_eager, write_torchscript
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.torch_handler import base_handler
    from ts.torch_handler.base_handler import BaseHandler
    from ts.utils.util import PredictionException


def initialized(handler: BaseHandler, directory: Path, **files: Any) -> BaseHandler:
    handler.initialize(context_of(directory, **files))
    return handler


class Bodies(BaseHandler):
    """Rows are parts of forms."""

    def preprocess(self, data: Any) -> torch.Tensor:
        return torch.tensor([row["body"] for row in data])


class Explaining(Bodies):
    """Explains by saying what it was given."""

    def get_insights(self, prepared: torch.Tensor, given: Any, target: Any) -> Any:
        return [{"prepared": prepared.tolist(), "given": given, "target": target}]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    write_torchscript(directory)
    return directory


def test_it_answers_by_itself(archive: Path) -> None:
    handler = initialized(BaseHandler(), archive, serializedFile="model.pt")
    assert ask(handler, handler.context, ROWS) == ANSWERS
    assert handler.initialized
    assert handler.device == torch.device("cpu")
    assert handler.map_location == "cpu"
    assert handler.get_device() == handler.device
    assert handler.model_pt_path == str(archive / "model.pt")
    assert handler.mapping is None


def test_labels_are_read(tmp_path: Path) -> None:
    files = write_eager(tmp_path)
    (tmp_path / "index_to_name.json").write_text('{"0": "no", "1": ["n1", "yes"]}')
    assert initialized(BaseHandler(), tmp_path, **files).mapping == {"0": "no", "1": "yes"}


def test_any_step_may_be_replaced_and_measures_its_time_where_it_is_profiled(archive: Path) -> None:
    class Doubling(Bodies):
        def postprocess(self, data: Any) -> list[Any]:
            return [2 * sum(row) for row in data.tolist()]

    configuration = {"handler": {"profile": True}}
    handler = initialized(Doubling(), archive, serializedFile="model.pt", configuration=configuration)
    assert ask(handler, handler.context, [{"body": row} for row in ROWS]) == [12.0, 0.0]
    measured = handler.context.metrics.drain()
    assert [(each.name, each.unit) for each in measured] == [
        ("ts_handler_inference", "Milliseconds"),
        ("HandlerTime", "Milliseconds"),
    ]


def test_only_the_whole_is_measured_otherwise(archive: Path) -> None:
    handler = initialized(BaseHandler(), archive, serializedFile="model.pt")
    ask(handler, handler.context, ROWS)
    (measured,) = handler.context.metrics.drain()
    assert measured.name == "HandlerTime"
    assert measured.dimensions == {"ModelName": "m", "Level": "Model"}


def test_a_class_that_skips_the_constructor_has_all_attributes(archive: Path) -> None:
    class Skipping(Explaining):
        def __init__(self) -> None:
            self.own = True

    handler = initialized(Skipping(), archive, serializedFile="model.pt")
    row = {"body": ROWS[0]}
    assert ask(handler, handler.context, [row]) == ANSWERS[:1]
    assert ask(handler, handler.context, [row], EXPLAIN)[0]["target"] == 0
    assert (handler.explain, handler.target, handler.profiler_args) == (True, 0, {})


def test_a_class_that_loads_nothing_can_use_the_steps() -> None:
    class Own(BaseHandler):
        def initialize(self, context: Any) -> None:
            self.initialized = True

        def inference(self, data: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
            return data * 2

    handler = Own()
    context = context_of(Path("/nowhere"))
    handler.initialize(context)
    assert ask(handler, context, ROWS) == [[2.0, 4.0, 6.0], [1.0, -2.0, 0.0]]


@pytest.mark.parametrize(
    ("row", "given", "target"),
    [
        ({"body": ROWS[0]}, ROWS[0], 0),
        ({"data": "x", "body": ROWS[0], "target": 1}, "x", 1),
        ({"body": ROWS[0], "target": "1"}, ROWS[0], 1),
        ({"body": ROWS[0], "target": bytearray(b"[1, 2]")}, ROWS[0], (1, 2)),
        ({"body": ROWS[0], "target": "(1, 2)"}, ROWS[0], (1, 2)),
        ({"body": ROWS[0], "target": [1, 2]}, ROWS[0], (1, 2)),
        ({"body": ROWS[0], "target": "label"}, ROWS[0], "label"),
    ],
)
def test_an_explanation_is_of_the_input_and_target_of_its_row(
    archive: Path, row: dict[str, Any], given: Any, target: Any
) -> None:
    handler = initialized(Explaining(), archive, serializedFile="model.pt")
    assert ask(handler, handler.context, [row], EXPLAIN) == [{"prepared": [ROWS[0]], "given": given, "target": target}]


def test_every_row_is_explained_as_if_it_were_alone(archive: Path) -> None:
    handler = initialized(Explaining(), archive, serializedFile="model.pt")
    rows = [{"body": row, "target": place} for place, row in enumerate(ROWS)]
    assert ask(handler, handler.context, rows, EXPLAIN) == [
        {"prepared": [row], "given": row, "target": place} for place, row in enumerate(ROWS)
    ]


def test_an_explanation_that_is_not_in_a_list_is_the_rows(archive: Path) -> None:
    class Telling(Bodies):
        def get_insights(self, prepared: Any, given: Any, target: Any) -> dict[str, Any]:
            return {"given": given}

    handler = initialized(Telling(), archive, serializedFile="model.pt")
    rows = [{"body": row} for row in ROWS]
    assert ask(handler, handler.context, rows[:1], EXPLAIN) == [{"given": ROWS[0]}]
    assert ask(handler, handler.context, rows, EXPLAIN) == [{"given": row} for row in ROWS]


def test_a_handler_without_insights_says_so(archive: Path) -> None:
    handler = initialized(Bodies(), archive, serializedFile="model.pt")
    with pytest.raises(PredictionException, match="Bodies has no get_insights") as raised:
        ask(handler, handler.context, [{"body": ROWS[0]}], EXPLAIN)
    assert raised.value.error_code == 501


def test_a_description_is_asked_for_instead_of_an_answer(archive: Path) -> None:
    class Described(Bodies):
        def describe_handle(self) -> dict[str, str]:
            return {"inputs": "three numbers"}

    for handler, described in ((Described(), {"inputs": "three numbers"}), (BaseHandler(), {})):
        initialized(handler, archive, serializedFile="model.pt")
        assert ask(handler, handler.context, [{}], {"describe": "True"}) == [described]


@pytest.mark.parametrize("off", ["", "0", "false"])
def test_the_profiler_is_off(archive: Path, monkeypatch: pytest.MonkeyPatch, off: str) -> None:
    monkeypatch.setenv("ENABLE_TORCH_PROFILER", off)
    handler = initialized(BaseHandler(), archive, serializedFile="model.pt")
    monkeypatch.setattr(handler, "_infer_with_profiler", None)
    assert ask(handler, handler.context, ROWS) == ANSWERS


def test_the_profiler_writes_a_trace_and_logs_the_costliest_operations(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ENABLE_TORCH_PROFILER", "true")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    handler = initialized(BaseHandler(), archive, serializedFile="model.pt")
    with caplog.at_level(logging.INFO, logger=base_handler.__name__):
        assert ask(handler, handler.context, ROWS) == ANSWERS
    assert "aten::linear" in caplog.text
    assert list((tmp_path / "pytorch_profiler" / "m").glob("*.json"))


def test_the_profiler_is_as_the_handler_wants_it(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_TORCH_PROFILER", "1")
    seen: list[Any] = []
    handler = initialized(BaseHandler(), archive, serializedFile="model.pt")
    handler.profiler_args = {"activities": [torch.profiler.ProfilerActivity.CPU], "on_trace_ready": seen.append}
    assert ask(handler, handler.context, ROWS) == ANSWERS
    assert len(seen) == 1
    assert set(handler.profiler_args) == {"activities", "on_trace_ready"}


def test_a_context_without_metrics_is_enough_in_a_test(archive: Path) -> None:
    handler = initialized(BaseHandler(), archive, serializedFile="model.pt")
    context = begin(handler.context, 2)
    context.metrics = None
    assert handler.handle(ROWS, context) == ANSWERS
