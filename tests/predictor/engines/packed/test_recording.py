"""A pass that was recorded gives what the model gives, for rows of any lengths, without running the model."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import torch
from torch import nn

from tests.predictor.engines.packed.architectures import HEADS, MODERNBERT, PACKED, Architecture, sequences
from transformermodel_predictor.engines.linears import can_prepack, prepack
from transformermodel_predictor.engines.packed import recording
from transformermodel_predictor.engines.packed.model import PackedModel
from transformermodel_predictor.engines.packed.parity import pack
from transformermodel_predictor.engines.packed.recording import NotRecordable, Recordings, record
from transformermodel_predictor.engines.quantization import quantize
from transformermodel_predictor.tasks.task import Outputs

BERT = Architecture("Bert")
MEAN = Architecture("ModernBert", {**MODERNBERT, "classifier_pooling": "mean"})
BATCHES = ((7, 2, 60, 7, 33, 3, 7, 90), (1,))
"""Lengths: beyond the windows of sliding attention, equal ones that go together, and as little as there may be."""


def bert(head: str = HEADS[0]) -> PackedModel:
    return pack(BERT.model(head))


def assert_same(found: list[Outputs], expected: list[Outputs]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            torch.testing.assert_close(one[name], other[name], atol=1e-6, rtol=0)


def assert_records(packed: PackedModel, *, token_types: bool = False, stored: bool = True) -> None:
    """That a recording gives what the model gives, whatever the lengths, and can be stored."""
    packed.tile = 16
    (sample,) = sequences(6, token_types=token_types)
    recorded = record(packed, sample)
    assert (recorded.stored is not None) is stored
    forward = recorded.forward
    for lengths in BATCHES:
        batch = sequences(*lengths, token_types=token_types)
        with torch.inference_mode():
            assert_same(packed.run(batch, forward), packed.run(batch))


def changed(packed: PackedModel, change: Any) -> PackedModel:
    """A packed model whose embeddings are changed from now on."""
    part: Any = packed.model.base_model
    whole = part.embeddings.forward
    part.embeddings.forward = lambda **given: change(whole(**given))
    return packed


class Counted:
    """How often a model's own layers run."""

    def __init__(self, model: nn.Module) -> None:
        self.count = 0
        for module in model.modules():
            if isinstance(module, nn.LayerNorm):
                module.register_forward_pre_hook(self._note)

    def _note(self, *_: object) -> None:
        self.count += 1


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("architecture", PACKED, ids=lambda architecture: architecture.name)
def test_every_architecture_that_packs_can_be_recorded(architecture: Architecture, head: str) -> None:
    assert_records(pack(architecture.model(head)))


def test_so_can_a_classifier_that_pools_over_all_tokens() -> None:
    assert_records(pack(MEAN.model(HEADS[0])))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_so_can_linears_in_onednns_layout_and_token_types(dtype: torch.dtype) -> None:
    if not can_prepack(dtype):
        pytest.skip("this build of PyTorch, or this processor, has no such linears")
    packed = bert()
    nn.Module.to(packed.model, dtype)
    prepack(packed.model)
    assert_records(packed, token_types=True)


def test_so_can_linears_in_8_bit() -> None:
    packed = bert()
    quantize(packed.model)
    assert_records(packed, stored=False)  # it holds the weights


def test_the_model_itself_does_not_run_any_more() -> None:
    packed = bert()
    batch = sequences(9, 4)
    forward = record(packed, batch[0]).forward
    counted = Counted(packed.model)
    with torch.inference_mode():
        packed.run(batch, forward)
        assert counted.count == 0
        packed.run(batch)
    assert counted.count


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("aten::gelu", "aten::relu", "fails"),
        ("aten::tanh(", "aten::sin(", "answers differently"),
    ],
)
def test_a_stored_recording_that_is_damaged_is_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, old: str, new: str, problem: str
) -> None:
    packed = bert()
    (sample,) = sequences(6)
    recordings = Recordings(packed)
    recordings.of(sample)
    text = recordings.text()
    assert text is not None
    assert old in text
    file = tmp_path / "recordings.json"
    file.write_text(text.replace(old, new))
    again = Recordings(packed, file)
    with torch.inference_mode():
        assert_same(packed.run([sample], again.of(sample)), packed.run([sample]))
    assert re.search(f"recorded anew: .*({problem})", caplog.text)
    assert again.text() == text


def test_a_stored_recording_of_which_pytorch_makes_no_function_is_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = bert()
    (sample,) = sequences(6)
    recordings = Recordings(packed)
    recordings.of(sample)
    file = tmp_path / "recordings.json"
    file.write_text(recordings.text() or "")
    monkeypatch.delattr(torch._C, "_create_function_from_graph")
    again = Recordings(packed, file)
    with torch.inference_mode():
        assert_same(packed.run([sample], again.of(sample)), packed.run([sample]))
    assert "recorded anew: " in caplog.text
    assert again.text() is None


def test_a_choice_by_numbers_in_tensors_is_not_recorded() -> None:
    packed = changed(bert(), lambda hidden: hidden if hidden.max() < 100 else hidden * 2)
    with pytest.raises(NotRecordable, match="Python boolean"):
        record(packed, *sequences(6))


def test_what_changes_from_pass_to_pass_is_not_recorded() -> None:
    passes: list[float] = []

    def add(hidden: torch.Tensor) -> torch.Tensor:
        passes.append(0.5)
        return hidden * sum(passes)

    with pytest.raises(NotRecordable, match="answers differently"):
        record(changed(bert(), add), *sequences(6))


def test_what_fails_is_not_recorded() -> None:
    def fail(_: torch.Tensor) -> torch.Tensor:
        raise ValueError("no such thing")

    with pytest.raises(NotRecordable, match="no such thing"):
        record(changed(bert(), fail), *sequences(6))


def test_a_model_that_cannot_be_recorded_runs_itself() -> None:
    packed = changed(bert(), lambda hidden: hidden if hidden.max() < 100 else hidden * 2)
    (sample,) = sequences(6)
    forward = Recordings(packed).of(sample)
    counted = Counted(packed.model)
    with torch.inference_mode():
        assert_same(packed.run([sample], forward), packed.run([sample]))
    assert counted.count


def test_each_set_of_features_is_recorded_once_whoever_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []

    def noted(packed: PackedModel, sample: Any) -> recording.Recording:
        made.append(tuple(sample.features))
        return record(packed, sample)

    monkeypatch.setattr(recording, "record", noted)
    recordings = Recordings(bert())
    plain, typed = *sequences(6), *sequences(6, token_types=True)
    both = Barrier(2)

    def ask(_: int) -> object:
        both.wait()
        return recordings.of(plain)

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(ask, range(2))
    assert one == other
    recordings.of(typed)
    assert made == [("input_ids",), ("input_ids", "token_type_ids")]
