from tests.predictor.watcher import Watcher
from transformermodel_predictor.preparation.recorder import Recorder
from transformermodel_predictor.progress import Step


def test_steps_are_timed_and_passed_on(watcher: Watcher) -> None:
    times = iter([10.0, 12.5, 13.25])
    recorder = Recorder(watcher, clock=lambda: next(times))
    recorder.step(Step.Acquire, "hf://org/model")
    recorder.bytes(1, 5)
    recorder.bytes(5, 5)
    recorder.step(Step.Test, "1 golden answers")
    assert recorder.seconds() == {"Acquire": 2.5, "Test": 0.75}
    assert recorder.data() == {"Acquire": 5}
    assert watcher.steps == [Step.Acquire, Step.Test]
    assert watcher.progress == [(1, 5), (5, 5)]


def test_a_step_that_comes_again_is_timed_in_all(watcher: Watcher) -> None:
    times = iter([0.0, 1.0, 3.0, 6.0])
    recorder = Recorder(watcher, clock=lambda: next(times))
    for step in (Step.Build, Step.Compare, Step.Build):
        recorder.step(step, "a candidate")
    assert recorder.seconds() == {"Build": 4.0, "Compare": 2.0}
