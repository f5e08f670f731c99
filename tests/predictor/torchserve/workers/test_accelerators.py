from pathlib import Path

import pytest
import torch

from transformermodel_predictor.torchserve.call import HandlerFailed
from transformermodel_predictor.torchserve.workers import accelerators
from transformermodel_predictor.torchserve.workers.accelerators import count_by_pytorch, has_driver


def test_as_many_are_counted_as_pytorch_sees_here() -> None:
    assert count_by_pytorch() == torch.cuda.device_count()


def test_where_pytorch_sees_one_there_is_a_driver() -> None:
    assert has_driver() or not torch.cuda.device_count()


def test_a_driver_is_known_by_its_device_or_by_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators, "_DEVICES", (tmp_path / "kfd",))
    monkeypatch.setattr(accelerators, "_NVIDIA_LIBRARY", "libnowhere.so.1")
    assert not has_driver()
    (tmp_path / "kfd").touch()
    assert has_driver()
    monkeypatch.setattr(accelerators, "_DEVICES", ())
    monkeypatch.setattr(accelerators, "_NVIDIA_LIBRARY", "libc.so.6")
    assert has_driver()


def test_a_pytorch_that_does_not_load_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libcudart.so.13: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(HandlerFailed, match=r"ImportError: libcudart\.so\.13.*deviceType: cpu"):
        count_by_pytorch()


def test_what_lies_in_the_working_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert count_by_pytorch() == torch.cuda.device_count()
