import json

from tests.predictor.watcher import Watcher
from transformermodel_predictor.preparation.golden import GoldenResult
from transformermodel_predictor.preparation.progress import Step
from transformermodel_predictor.preparation.report import Recorder


def test_steps_are_timed_and_passed_on(watcher: Watcher) -> None:
    times = iter([10.0, 12.5, 13.25])
    recorder = Recorder(watcher, clock=lambda: next(times))
    recorder.step(Step.Acquire, "hf://org/model")
    recorder.bytes(1, 5)
    recorder.bytes(5, 5)
    recorder.step(Step.Test, "1 golden answers")
    assert json.loads(recorder.text([GoldenResult("POSITIVE", 0.5)])) == {
        "seconds": {"Acquire": 2.5, "Test": 0.75},
        "bytes": {"Acquire": 5},
        "golden": [{"label": "POSITIVE", "score": 0.5}],
    }
    assert watcher.steps == [Step.Acquire, Step.Test]
    assert watcher.progress == [(1, 5), (5, 5)]
