import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.sources.selection import needed_files

ORIGIN = "hf://org/model"


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
    assert list(needed_files(names, ORIGIN)) == needed


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["config.json", "pytorch_model.bin"], "only pytorch_model.bin, which is not read"),
        (["config.json", "tf_model.h5"], "only tf_model.h5, which is not read"),
        (["config.json", "model.safetensors.index.json"], "no weights at all"),
        ([], "no weights at all"),
    ],
)
def test_a_source_without_safetensors_is_refused_by_what_it_has(names: list[str], found: str) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        needed_files(names, ORIGIN)
    assert str(refusal.value) == (
        f"UnsupportedSource: {ORIGIN} has no safetensors weights ({found}). "
        "Use safetensors weights and a source kind that this version can read."
    )
