"""Checkpoints that cannot be prepared: each is refused with a class, a sentence and a remedy, and leaves nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Tokenizer

from tests.predictor.preparation.adapters import make_encoder
from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.failures import FailureReason


def edit(file: Path, **fields: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def configure(**fields: object) -> Callable[[Path], None]:
    return lambda model: edit(model / "config.json", **fields)


def write(name: str, content: str) -> Callable[[Path], None]:
    return lambda model: (model / name).write_text(content) and None


def remove(*names: str) -> Callable[[Path], None]:
    return lambda model: [(model / name).unlink() for name in names] and None


def keep_bytes(count: int) -> Callable[[Path], None]:
    def cut(model: Path) -> None:
        weights = model / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:count])

    return cut


def shard(**files: str) -> Callable[[Path], None]:
    """Replace the weights by an index over these files, of which one is there."""

    def split(model: Path) -> None:
        (model / "model.safetensors").rename(model / "model-00001-of-00002.safetensors")
        (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))

    return split


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (remove("config.json"), "file://model has no config.json."),
        (write("config.json", "{"), "config.json of file://model is not JSON ("),
        (write("config.json", "[1]"), "config.json of file://model is not a JSON object."),
        (write("config.json", "{}"), "config.json of file://model names no model_type."),
        (configure(hidden_size="large"), "config.json of file://model cannot be read (Validation error"),
        (configure(hidden_size=33), "file://model cannot be loaded (The hidden size (33) is not a multiple"),
        (keep_bytes(5000), "model.safetensors of file://model is cut or damaged ("),
        (keep_bytes(5), "model.safetensors of file://model is cut or damaged ("),
        (remove("model.safetensors"), "file://model has no safetensors weights (no weights at all)."),
        (shard(a="model-00002-of-00002.safetensors"), "file://model has no model-00002-of-00002.safetensors."),
        (
            shard(a="../../secret.safetensors"),
            "model.safetensors.index.json of file://model names the file '../../secret.safetensors', "
            "which leaves the folder.",
        ),
        (shard(), "model.safetensors.index.json of file://model names no files."),
        (shard(a="model-00001-of-00002.safetensors"), "file://model cannot be loaded ('metadata')."),
        (remove("tokenizer.json", "tokenizer_config.json"), "file://model has no tokenizer files."),
        (write("tokenizer.json", "{"), "file://model has no usable tokenizer ("),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(kitchen: Kitchen, harm: Callable[[Path], None], message: str) -> None:
    harm(kitchen.model)
    failure = kitchen.failure(request_for())
    assert failure.reason is FailureReason.UnsupportedSource
    assert failure.message.startswith(message)
    assert str(failure).endswith("Correct what the message names, or use a source that this version can read.")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model_type": "mystery"}, "file://model has the architecture 'mystery', which transformers "),
        (
            {"model_type": "vit"},
            "file://model has the architecture 'vit', for which there is no AutoModelForSequenceClassification.",
        ),
    ],
    ids=["unknown", "not for text"],
)
def test_an_architecture_that_is_not_known_for_the_task_is_refused(
    kitchen: Kitchen, fields: dict[str, object], message: str
) -> None:
    edit(kitchen.model / "config.json", **fields)
    failure = kitchen.failure(request_for())
    assert failure.reason is FailureReason.UnsupportedArchitecture
    assert failure.message.startswith(message)


def drop(*names: str) -> Callable[[Path], None]:
    def rewrite(model: Path) -> None:
        tensors = load_file(model / "model.safetensors")
        kept = {name: tensor for name, tensor in tensors.items() if not any(part in name for part in names)}
        save_file(kept, model / "model.safetensors", metadata={"format": "pt"})

    return rewrite


def small_embeddings(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    name = "bert.embeddings.word_embeddings.weight"
    tensors[name] = tensors[name][:10].clone()
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    edit(model / "config.json", vocab_size=10)


@pytest.mark.parametrize(
    ("harm", "preparation", "message"),
    [
        (
            make_encoder,
            {"labels": ["a", "b"]},
            "file://model does not fit the task: classifier.bias (missing), classifier.weight (missing).",
        ),
        (
            drop("layer.1.attention.self.query.weight"),
            {},
            "file://model does not fit the task: bert.encoder.layer.1.attention.self.query.weight (missing).",
        ),
        (
            drop("layer.1."),
            {},
            "file://model does not fit the task: bert.encoder.layer.1.attention.output.LayerNorm.bias (missing), "
            "bert.encoder.layer.1.attention.output.LayerNorm.weight (missing), "
            "bert.encoder.layer.1.attention.output.dense.bias (missing), "
            "bert.encoder.layer.1.attention.output.dense.weight (missing) and 12 more.",
        ),
        (
            lambda _: None,
            {"labels": ["a", "b"]},
            "file://model does not fit the task: classifier.bias (has the shape [3], not [2]), "
            "classifier.weight (has the shape [3, 32], not [2, 32]).",
        ),
        (
            configure(intermediate_size=48),
            {},
            "file://model does not fit the task: "
            "bert.encoder.layer.0.intermediate.dense.bias (has the shape [64], not [48]), ",
        ),
        (
            small_embeddings,
            {},
            "the tokenizer of file://model has tokens up to 13, but the model has embeddings for 10.",
        ),
        (
            lambda _: None,
            {"maxLength": 65},
            "spec.preparation.maxLength is 65, but the model has positions for 64 tokens: lower it.",
        ),
    ],
    ids=["no head", "a tensor", "a layer", "number of labels", "shapes", "vocabulary", "length"],
)
def test_weights_that_do_not_fit_are_named(
    kitchen: Kitchen, harm: Callable[[Path], None], preparation: dict[str, Any], message: str
) -> None:
    harm(kitchen.model)
    failure = kitchen.failure(request_for(preparation=preparation))
    assert failure.reason is FailureReason.WeightsMismatch
    assert failure.message.startswith(message)


def test_lower_casing_that_the_tokenizer_cannot_do_is_refused(kitchen: Kitchen) -> None:
    (kitchen.model / "tokenizer.json").unlink()
    (kitchen.model / "tokenizer_config.json").unlink()
    GPT2Tokenizer(vocab={"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}, merges=[("a", "b")]).save_pretrained(
        kitchen.model
    )
    failure = kitchen.failure(request_for(preparation={"doLowerCase": True}))
    assert failure.reason is FailureReason.UnsupportedSource
    assert failure.message == (
        "the tokenizer of file://model cannot lower-case text: remove spec.preparation.doLowerCase."
    )


def test_shards_are_read_together(kitchen: Kitchen) -> None:
    whole = kitchen.prepare(request_for())
    tensors = load_file(kitchen.model / "model.safetensors")
    (kitchen.model / "model.safetensors").unlink()
    files = {name: f"model-0000{1 + index % 2}-of-00002.safetensors" for index, name in enumerate(sorted(tensors))}
    for file in set(files.values()):
        part: dict[str, torch.Tensor] = {name: tensors[name] for name, where in files.items() if where == file}
        save_file(part, kitchen.model / file, metadata={"format": "pt"})
    (kitchen.model / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    assert kitchen.prepare(request_for()).digest == whole.digest
