"""What a model's configuration leaves to the Pretrained engine: precision, attention, devices, torch.compile."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from tests.predictor.tiny import LABELS, MAX_LENGTH
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Attention, DeviceMap, Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.compilation import Compilation
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.buckets import Buckets
from transformermodel_predictor.engines.catalogue import load_engine
from transformermodel_predictor.engines.engine import Engine, computed_by
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.engines.pretrained import PretrainedEngine, load_for_task
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task
from transformermodel_predictor.tasks.task import Encoding

TASK = make_task(TaskName.SequenceClassification, TaskConfiguration(LABELS, MAX_LENGTH))
ROWS = [Encoding({"input_ids": [5 + index % 9 for index in range(length)]}) for length in (3, 16, 1, 7, 3)]


@pytest.fixture(autouse=True)
def nothing_compiled_stays() -> Iterator[None]:
    yield
    torch._dynamo.reset()


def load(artifact: Artifact, execution: Execution | None = None, precision: Precision = Precision.Float32) -> Engine:
    candidate = Candidate(Format.Pretrained, EngineName.Pretrained, precision)
    return load_engine(artifact.path, candidate, TASK, execution=execution or Execution())


def logits(engine: Engine, rows: list[Encoding] = ROWS) -> torch.Tensor:
    return torch.stack([outputs["logits"] for outputs in engine.run(rows)])


@pytest.mark.parametrize(
    ("precision", "tolerance"), [(Precision.BFloat16, 0.3), (Precision.Float16, 0.1), (Precision.Int8, 1.0)]
)
def test_a_lower_precision_is_close_and_answers_in_float32(
    tiny_artifact: Artifact, precision: Precision, tolerance: float
) -> None:
    found, exact = logits(load(tiny_artifact, precision=precision)), logits(load(tiny_artifact))
    assert found.dtype is torch.float32
    assert not torch.equal(found, exact), "it computes in another precision"
    torch.testing.assert_close(found, exact, atol=tolerance, rtol=0)


@pytest.mark.parametrize("engine", [EngineName.Pretrained, EngineName.Packed])
class TestBothEngines:
    def test_8_bit_on_another_device_than_the_cpu_is_refused(self, engine: EngineName, tiny_artifact: Artifact) -> None:
        candidate = Candidate(Format.Pretrained, engine, Precision.Int8)
        with pytest.raises(PreparationFailed, match="UnsupportedForm: this engine computes in Int8 on CPUs only"):
            load_engine(tiny_artifact.path, candidate, TASK, torch.device("meta"))

    def test_nothing_is_answered_to_nothing(self, engine: EngineName, tiny_artifact: Artifact) -> None:
        candidate = Candidate(Format.Pretrained, engine, Precision.Float32)
        assert load_engine(tiny_artifact.path, candidate, TASK).run([]) == []


@pytest.mark.parametrize("attention", [Attention.SDPA, Attention.Eager])
def test_the_attention_that_is_named_is_used(tiny_artifact: Artifact, attention: Attention) -> None:
    engine = load(tiny_artifact, Execution(attention=attention))
    assert isinstance(engine, PretrainedEngine)
    assert engine.model.config._attn_implementation == attention.value.lower()
    torch.testing.assert_close(logits(engine), logits(load(tiny_artifact)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("device_map", [DeviceMap.Auto, DeviceMap.Balanced, DeviceMap.Sequential])
def test_a_device_map_lays_the_model_over_the_devices_there_are(tiny_artifact: Artifact, device_map: DeviceMap) -> None:
    """On one CPU all layers lie on it."""
    engine = load(tiny_artifact, Execution(device_map=device_map))
    torch.testing.assert_close(logits(engine), logits(load(tiny_artifact)))


def test_the_configuration_says_all_of_it() -> None:
    configuration = ModelConfiguration(attention=Attention.Eager, device_map=DeviceMap.Balanced, max_length=77)
    assert Execution.of(configuration) == Execution(Attention.Eager, DeviceMap.Balanced, None, 77)


class TestCompilation:
    @pytest.mark.slow
    def test_a_compiled_model_answers_the_same_and_no_request_pays_for_compilation(
        self, tiny_model: LoadedModel
    ) -> None:
        counter: Any = CompileCounter()  # torch.compile takes functions too, not only names
        engine = load(tiny_model.artifact, Execution(compilation=Compilation(backend=counter), max_length=MAX_LENGTH))
        plain, at_start = load(tiny_model.artifact), counter.frame_count
        assert at_start > 0
        probes = [window for (window,) in tiny_model.task.encode(tiny_model.tokenizer, tiny_model.task.probes)]
        for rows in (probes[:1], probes[:3], probes, probes * 6):
            torch.testing.assert_close(logits(engine, rows), logits(plain, rows), atol=1e-5, rtol=0)
        assert counter.frame_count == at_start

    def test_more_rows_than_the_largest_shape_are_run_in_parts(self, tiny_artifact: Artifact) -> None:
        engine = PretrainedEngine(load_for_task(tiny_artifact.path, TASK), Buckets((1, 2), (16,)))
        torch.testing.assert_close(logits(engine), logits(load(tiny_artifact)), atol=1e-5, rtol=0)

    def test_what_fills_a_shape_is_counted_as_computed(self, tiny_artifact: Artifact) -> None:
        model = load_for_task(tiny_artifact.path, TASK)
        bucketed = PretrainedEngine(model, Buckets((1, 2), (8, 16)))
        assert computed_by(bucketed)([3, 9, 5]) == 2 * 16 + 1 * 8
        assert computed_by(PretrainedEngine(model))([3, 9, 5]) == 3 * 9

    def test_a_backend_that_there_is_not_is_refused_at_load(self, tiny_artifact: Artifact) -> None:
        with pytest.raises(PreparationFailed, match=r"UnsupportedForm: .* cannot use the backend 'nonsense'"):
            load(tiny_artifact, Execution(compilation=Compilation(backend="nonsense")))
