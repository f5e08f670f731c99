import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from tests.predictor.preparation.adapters import make_encoder, save_smaller_checkpoint, train
from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.inputs import Acquired
from transformermodel_predictor.preparation.merge import merge

ADAPTER = "file://adapter"
LABELS = {"preparation": {"labels": ["a", "b", "c"], "maxLength": 16}}


@pytest.mark.parametrize(
    "configuration",
    [{}, {"bias": "lora_only"}, {"use_dora": True}, {"use_rslora": True}, {"target_modules": ["dense"]}],
    ids=["plain", "biases", "DoRA", "rank-stabilized", "other layers"],
)
def test_a_merged_model_answers_as_the_model_with_its_adapter(kitchen: Kitchen, configuration: dict[str, Any]) -> None:
    make_encoder(kitchen.model)
    with_adapter = train(kitchen.model, kitchen.adapter, **configuration)
    tokenizer = AutoTokenizer.from_pretrained(kitchen.model)
    with torch.inference_mode():
        expected = with_adapter(**tokenizer("i hate it", return_tensors="pt")).logits.softmax(-1)[0].tolist()

    artifact = kitchen.prepared(request_for(adapter=ADAPTER, **LABELS))
    (answer,) = load_model(artifact).answer([{"text": "i hate it"}], {"probabilities": True})
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-5)
    assert artifact.labels == ("a", "b", "c")
    assert not any("lora" in name for name in load_file(artifact.path / "model.safetensors"))
    assert json.loads((artifact.path / "manifest.json").read_text())["adapter"].startswith("tree@")


def test_the_adapter_is_part_of_the_input(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter)
    plain, merged = kitchen.prepare(request_for()), kitchen.prepare(request_for(adapter=ADAPTER))
    train(kitchen.model, kitchen.adapter, lora_alpha=16)
    assert len({plain.digest, merged.digest, kitchen.prepare(request_for(adapter=ADAPTER)).digest}) == 3


def mismatch(kitchen: Kitchen, **fields: Any) -> str:
    failure = kitchen.failure(request_for(adapter=ADAPTER, **fields))
    assert failure.reason is FailureReason.WeightsMismatch
    return failure.message


def test_a_head_that_neither_brings_is_named(kitchen: Kitchen) -> None:
    make_encoder(kitchen.model)
    train(kitchen.model, kitchen.adapter, task_type="FEATURE_EXTRACTION")
    assert mismatch(kitchen, **LABELS) == (
        "file://model with file://adapter does not fit the task: classifier.bias (missing), "
        "classifier.weight (missing)."
    )


def test_a_head_for_other_labels_is_named_with_both_shapes(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter, classes=2)
    message = mismatch(kitchen, **LABELS)
    assert message.startswith("file://adapter does not fit the model: ")
    assert "classifier" in message
    assert "size mismatch" in message


def test_an_adapter_of_another_model_is_refused(kitchen: Kitchen) -> None:
    train(save_smaller_checkpoint(kitchen.model, kitchen.base / "smaller"), kitchen.adapter)
    assert "size mismatch" in mismatch(kitchen, **LABELS)


def test_an_adapter_for_layers_that_are_not_there_is_refused(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter)
    edit(kitchen.adapter, target_modules=["q_proj"])
    assert "No modules were targeted for adaptation" in mismatch(kitchen, **LABELS)


def test_exhausted_memory_is_no_mismatch(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    train(kitchen.model, kitchen.adapter)
    monkeypatch.setattr("peft.get_peft_model", lambda *_: torch.empty(1 << 60))
    assert kitchen.failure(request_for(adapter=ADAPTER)).reason is FailureReason.OutOfMemory


def test_a_tensor_without_a_place_is_named(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter)
    weights = kitchen.adapter / "adapter_model.safetensors"
    save_file({**load_file(weights), "base_model.model.bert.pooler.dense.lora_A.weight": torch.zeros(4, 32)}, weights)
    assert mismatch(kitchen, **LABELS) == (
        "file://adapter does not fit the model: the model has no place for bert.pooler.dense.lora_A.weight."
    )


def test_a_tensor_that_the_adapter_lacks_is_named(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter)
    weights = kitchen.adapter / "adapter_model.safetensors"
    tensors = load_file(weights)
    missing = next(name for name in tensors if name.endswith("layer.1.attention.self.query.lora_B.weight"))
    save_file({name: tensor for name, tensor in tensors.items() if name != missing}, weights)
    assert "it lacks bert.encoder.layer.1.attention.self.query.lora_B" in mismatch(kitchen, **LABELS)


def edit(folder: Path, **fields: object) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def no_configuration(folder: Path) -> None:
    (folder / "adapter_config.json").unlink()


def no_weights(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "model.safetensors")


def cut(folder: Path) -> None:
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])


def unknown_kind(folder: Path) -> None:
    edit(folder, peft_type="MAGIC")


def prompt(folder: Path) -> None:
    document = {"peft_type": "PROMPT_TUNING", "task_type": "SEQ_CLS", "num_virtual_tokens": 4}
    (folder / "adapter_config.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (no_configuration, "file://adapter has no adapter_config.json."),
        (no_weights, "file://adapter has no adapter_model.safetensors."),
        (cut, "adapter_model.safetensors of file://adapter is cut or damaged ("),
        (unknown_kind, "adapter_config.json of file://adapter cannot be read ("),
        (prompt, "file://adapter is a PROMPT_TUNING adapter, which cannot be merged into weights."),
    ],
)
def test_what_is_no_adapter_is_refused(kitchen: Kitchen, harm: Any, problem: str) -> None:
    train(kitchen.model, kitchen.adapter)
    harm(kitchen.adapter)
    failure = kitchen.failure(request_for(adapter=ADAPTER, **LABELS))
    assert failure.reason is FailureReason.UnsupportedSource
    assert failure.message.startswith(problem)


def test_pickled_adapter_weights_are_read_as_weights_only(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter)
    acquired, request = Acquired(kitchen.model, kitchen.adapter), request_for(adapter=ADAPTER, **LABELS)
    whole = merge(request, acquired).model.state_dict()
    weights = kitchen.adapter / "adapter_model.safetensors"
    torch.save(load_file(weights), kitchen.adapter / "adapter_model.bin")
    weights.unlink()
    assert all(torch.equal(whole[name], value) for name, value in merge(request, acquired).model.state_dict().items())


def test_an_adapter_that_is_more_than_weights_is_refused(kitchen: Kitchen) -> None:
    train(kitchen.model, kitchen.adapter)
    (kitchen.adapter / "adapter_model.safetensors").unlink()
    torch.save({"weights": os.getcwd}, kitchen.adapter / "adapter_model.bin")
    failure = kitchen.failure(request_for(adapter=ADAPTER, **LABELS))
    assert failure.reason is FailureReason.RemoteCodeForbidden
    assert (
        "adapter_model.bin of file://adapter is more than weights: reading it would call posix.getcwd"
        in failure.message
    )
