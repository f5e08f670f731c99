from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from transformermodel_predictor.engines.mapping import leave_files


def test_weights_hold_no_file_any_more(tmp_path: Path) -> None:
    save_file({"bias": torch.ones(4)}, tmp_path / "weights.safetensors")
    mapped = load_file(tmp_path / "weights.safetensors")
    model = nn.LayerNorm(4)
    model.bias = nn.Parameter(mapped["bias"])
    leave_files(model)
    assert model.bias.untyped_storage().data_ptr() != mapped["bias"].untyped_storage().data_ptr()
    assert model.bias.tolist() == [1.0] * 4
