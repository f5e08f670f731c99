"""Linear layers in 8 bit, and the library that multiplies them."""

import threading

import pytest
import torch
from torch import nn

from transformermodel_predictor.engines import quantization
from transformermodel_predictor.engines.quantization import fastest_library, quantize


def layers() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 8)).eval()


@torch.inference_mode()
def test_answers_stay_close_whatever_library_is_set_later(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.randn(16, 64, generator=torch.Generator().manual_seed(0))
    model = layers()
    exact = model(rows)
    quantize(model)
    given = model(rows)
    assert 0 < float((given - exact).abs().max()) < 0.05
    for library in set(torch.backends.quantized.supported_engines) - {"none", "qnnpack"}:
        monkeypatch.setattr(torch.backends.quantized, "engine", library)
        assert torch.equal(model(rows), given)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what hides them is the whole process's, too
def test_the_process_keeps_its_own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = [name for name in torch.backends.quantized.supported_engines if name != "none"]
    monkeypatch.setattr(torch.backends.quantized, "engine", libraries[0])
    monkeypatch.setattr(quantization, "fastest_library", lambda: libraries[-1])
    loading = [threading.Thread(target=quantize, args=(layers(),)) for _ in range(4)]
    for thread in loading:
        thread.start()
    for thread in loading:
        thread.join()
    assert torch.backends.quantized.engine == libraries[0]


def test_one_dnn_multiplies_where_the_processor_has_instructions_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    assert fastest_library() == torch.backends.quantized.engine
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True)
    assert fastest_library() == "onednn"
