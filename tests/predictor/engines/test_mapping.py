from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from transformermodel_predictor.engines.mapping import leave_files, stay_in_files

ROWS = 1 << 17
"""Of a table that is large enough to stay in its file."""


def model_of(weights: dict[str, torch.Tensor]) -> nn.Embedding:
    model = nn.Embedding(*weights["weight"].shape)
    model.weight = nn.Parameter(weights["weight"])
    return model


def mapped_file(tensor: torch.Tensor) -> str:
    """The file in whose mapping a tensor lies; empty where it lies in none."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, *_, path = line.split(maxsplit=5) if "/" in line else (*line.split(), "")
        first, end = (int(address, 16) for address in place.split("-"))
        if first <= tensor.data_ptr() < end:
            return path
    raise AssertionError("a tensor lies somewhere")


def test_weights_hold_no_file_any_more(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(4, 2)}, tmp_path / "weights.safetensors")
    model = model_of(load_file(tmp_path / "weights.safetensors"))
    leave_files(model)
    assert mapped_file(model.weight) == ""
    assert model.weight.tolist() == [[1.0, 1.0]] * 4


def test_a_large_weight_stays_in_the_file_that_has_it(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    weight = torch.arange(ROWS * 2).view(ROWS, 2).bfloat16()
    save_file({"weight": weight}, file)
    model = model_of({"weight": weight.clone()})
    stay_in_files(model, [file])
    assert mapped_file(model.weight) == str(file)
    assert torch.equal(model.weight, weight)


def test_a_small_weight_does_not_hold_what_lies_around_it_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    save_file({"table": torch.ones(ROWS, 2), "weight": torch.ones(4, 2)}, file)
    model = model_of(load_file(file))
    stay_in_files(model, [file])
    assert mapped_file(model.weight) == ""
    assert model.weight.tolist() == [[1.0, 1.0]] * 4


def test_a_file_is_not_held_by_what_it_has_otherwise(tmp_path: Path) -> None:
    """In another type, with other values, or under another name."""
    ones = torch.ones(ROWS, 2)
    for stored in ({"weight": ones}, {"weight": torch.zeros(ROWS, 2).bfloat16()}, {"table": ones}):
        file = tmp_path / "weights.safetensors"
        save_file(stored, file)
        model = model_of({"weight": ones.bfloat16()})
        stay_in_files(model, [file])
        assert mapped_file(model.weight) == ""
        assert torch.equal(model.weight, ones.bfloat16())
