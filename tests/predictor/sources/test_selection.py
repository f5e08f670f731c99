import json

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.sources.selection import Weights, WeightsKind, find_weights, needed_files, or_archive

ORIGIN = "hf://org/model"


def read(name: str) -> str:
    """An index over two shards."""
    assert name == "model.safetensors.index.json"
    return json.dumps(
        {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    )


@pytest.mark.parametrize(
    ("names", "needed"),
    [
        (
            ["README.md", "config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt", "onnx/config.json"],
            ["config.json", "model.safetensors", "vocab.txt"],
        ),
        (
            ["adapter_config.json", "adapter_model.safetensors", "optimizer.pt", "training_args.bin"],
            ["adapter_config.json", "adapter_model.safetensors"],
        ),
        (
            [
                "config.json",
                "model.safetensors.index.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model-00003-of-00003.safetensors",
                "consolidated.safetensors",
            ],
            [
                "config.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
            ],
        ),
        (
            ["model.safetensors", "model.safetensors.index.json", "model-00001-of-00001.safetensors"],
            ["model.safetensors"],
        ),
        (
            ["model.safetensors", "../model.safetensors", "model.fp16.safetensors", "modeling_x.py"],
            ["model.safetensors"],
        ),
    ],
    ids=["checkpoint", "adapter", "shards", "whole before shards", "nothing else"],
)
def test_only_what_is_needed_is_taken(names: list[str], needed: list[str]) -> None:
    assert list(needed_files(names, ORIGIN, read)) == needed


@pytest.mark.parametrize(
    ("names", "weights"),
    [
        (
            ["model.safetensors", "pytorch_model.bin", "model.gguf"],
            Weights(WeightsKind.Safetensors, ("model.safetensors",)),
        ),
        (["pytorch_model.bin", "model.gguf"], Weights(WeightsKind.GGUF, ("model.gguf",))),
        (["traced_model.pt", "pytorch_model.bin"], Weights(WeightsKind.Torch, ("pytorch_model.bin",))),
        (
            ["pytorch_model.bin.index.json", "pytorch_model-00001.bin", "training_args.bin"],
            Weights(WeightsKind.Torch, ("pytorch_model-00001.bin",), "pytorch_model.bin.index.json"),
        ),
        (["traced_model.pt", "optimizer.pt", "rng_state_0.pth"], Weights(WeightsKind.Torch, ("traced_model.pt",))),
        (["adapter_config.json", "adapter_model.bin"], Weights(WeightsKind.Torch, ("adapter_model.bin",))),
    ],
)
def test_what_cannot_hold_code_is_preferred(names: list[str], weights: Weights) -> None:
    assert find_weights(names, ORIGIN, lambda _: '{"weight_map": {"a": "pytorch_model-00001.bin"}}') == weights


def test_python_files_are_needed_only_where_they_may_run() -> None:
    names = ["config.json", "model.safetensors", "modeling_x.py", "../modeling_y.py", "setup-1.py"]
    assert "modeling_x.py" not in needed_files(names, ORIGIN, read)
    assert set(needed_files(names, ORIGIN, read, code=True)) == {"config.json", "model.safetensors", "modeling_x.py"}


def test_configuration_and_tokenizer_alone_need_no_weights() -> None:
    names = ["config.json", "model.safetensors", "model.safetensors.index.json", "vocab.txt", "tf_model.h5"]
    assert needed_files(names, ORIGIN, read, weights=False) == ("config.json", "vocab.txt")
    assert needed_files(["vocab.txt"], ORIGIN, read, weights=False) == ("vocab.txt",)


def test_several_weights_that_exclude_each_other_are_refused_by_name() -> None:
    with pytest.raises(PreparationFailed, match=r"has several files of weights \(a.Q4.gguf, b.Q8.gguf\): leave one"):
        needed_files(["b.Q8.gguf", "a.Q4.gguf"], ORIGIN, read)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["config.json", "tf_model.h5"], "only tf_model.h5, which is not read"),
        (["config.json", "training_args.bin"], "no weights at all"),
        (["model.mar", "README.md"], "only the archive model.mar: name it in the uri"),
        ([], "no weights at all"),
    ],
)
def test_a_source_without_safetensors_is_refused_by_what_it_has(names: list[str], found: str) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        needed_files(names, ORIGIN, read)
    assert str(refusal.value) == (
        f"UnsupportedSource: {ORIGIN} has no safetensors weights ({found}). "
        "Correct what the message names, or use a source that this version can read."
    )


def test_an_archive_is_taken_only_where_it_is_the_only_one_and_there_are_no_weights() -> None:
    select = or_archive(needed_files)
    assert select(["README.md", "config.json", "model.mar"], ORIGIN, read) == ("model.mar",)
    assert select(["model.mar", "model.safetensors"], ORIGIN, read) == ("model.safetensors",)
    with pytest.raises(PreparationFailed, match=r"no weights but several archives \(a\.zip, b\.mar\): leave one"):
        select(["b.mar", "a.zip"], ORIGIN, read)
    with pytest.raises(PreparationFailed, match="has several files of weights"):
        select(["a.gguf", "b.gguf", "model.mar"], ORIGIN, read)
    with pytest.raises(PreparationFailed, match="no weights at all"):
        select(["README.md"], ORIGIN, read)
