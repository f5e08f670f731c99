"""On which device candidates are tried. Accelerators are what the test says there are; what runs, runs on the CPU."""

import json

import pytest
import torch

from tests.predictor.preparation.conftest import Kitchen, request_for
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.predictor import Device
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.candidate import REFERENCE, Candidate, EngineName
from transformermodel_predictor.engines import device
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.preparation import placement
from transformermodel_predictor.preparation.bench import Bench
from transformermodel_predictor.preparation.contest.models import Models
from transformermodel_predictor.preparation.placement import CPU, Placement, placement_for
from transformermodel_predictor.preparation.plan import choose
from transformermodel_predictor.preparation.torchserve_script.traced import choose_traced

GPU = torch.device("cuda", 0)
ON_GPU = Placement(GPU, GPU)
FOR_ANOTHER_MACHINE = Placement(torch.device("cuda"))
BOUND = [
    Candidate(Format.TorchScript, EngineName.TorchScript, Precision.Float32),
    Candidate(Format.Exported, EngineName.Exported, Precision.Float32),
]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> dict[Device, int]:
    """Counts of devices, which the test changes; only a CPU at first."""
    counts = dict.fromkeys(device.ORDER, 0) | {Device.CPU: 1}
    for module in (device, placement):
        monkeypatch.setattr(module, "device_counts", lambda: counts)
    return counts


def test_auto_is_the_device_that_a_predictor_would_take_here(there: dict[Device, int]) -> None:
    assert placement_for(Device.Auto) == Placement(CPU, CPU)
    there[Device.CUDA] = 2
    assert placement_for(Device.Auto) == ON_GPU
    assert placement_for(Device.CPU) == Placement(CPU, CPU)


def test_for_a_device_that_is_elsewhere_candidates_run_on_the_cpu_and_it_is_said(there: dict[Device, int]) -> None:
    found = placement_for(Device.CUDA)
    assert found == FOR_ANOTHER_MACHINE
    assert found.note() == "Compared and measured on the CPU: this machine has no CUDA."
    assert placement_for(Device.CPU).note() is None
    there[Device.CUDA] = 1
    assert placement_for(Device.CUDA).note() is None


@pytest.mark.parametrize("candidate", BOUND, ids=str)
def test_what_is_made_on_its_device_is_made_where_that_is(candidate: Candidate) -> None:
    reason = FOR_ANOTHER_MACHINE.refusal(candidate)
    assert reason is not None
    assert reason.startswith(
        f"the form {candidate.format} is made on the device that runs it, and this machine has no CUDA"
    )
    assert ON_GPU.refusal(candidate) is None
    assert Placement().refusal(candidate) is None


def test_what_runs_on_cpus_alone_is_not_tried_for_a_gpu() -> None:
    """Whether the GPU is here or elsewhere; weights are tried for it in any case."""
    for placed in (FOR_ANOTHER_MACHINE, Placement(torch.device("meta"), torch.device("meta"))):
        choice = choose(request_for(preparation={"format": "Auto"}), placed, "bert", 1000)
        assert REFERENCE in choice.candidates
        reasons = {entry.candidate: entry.reason for entry in choice.untried}
        assert reasons[Candidate(Format.ONNX, EngineName.ONNX, Precision.Float32)].endswith(
            "runs on the CPU alone here"
        )
        assert reasons[Candidate(Format.Pretrained, EngineName.Packed, Precision.Int8)].endswith("on CPUs alone")


def test_auto_tries_bfloat16_on_an_accelerator_whatever_the_processor() -> None:
    placed = Placement(torch.device("meta"), torch.device("meta"))
    tried = choose(request_for(preparation={"format": "Auto"}), placed, "bert", 1000).candidates
    assert Candidate(Format.Pretrained, EngineName.Pretrained, Precision.BFloat16) in tried


def test_a_graph_that_somebody_traced_is_not_tried_for_a_device_that_is_elsewhere() -> None:
    preparation = request_for(preparation={"format": "Auto"}).preparation
    with pytest.raises(PreparationFailed, match="this machine has no CUDA") as caught:
        choose_traced(preparation, FOR_ANOTHER_MACHINE)
    assert caught.value.reason is FailureReason.UnsupportedForm


def test_only_what_decides_is_part_of_the_input() -> None:
    assert Placement().identity(Format.Auto) == {}
    assert ON_GPU.identity(Format.Auto) == {"device": "cuda"}
    assert FOR_ANOTHER_MACHINE.identity(Format.Auto) == {"device": "cuda", "measuredOn": "cpu"}
    assert Placement().identity(Format.Exported).keys() == {"torch", "architecture", "instructions"}


def test_candidates_are_loaded_on_the_device(kitchen: Kitchen) -> None:
    artifact = kitchen.prepared(request_for())
    bench = Bench(kitchen.base)
    bench.place(REFERENCE).symlink_to(artifact.path)
    model, _ = Models(bench, torch.device("meta"), together=True).load(REFERENCE)
    assert isinstance(model, LoadedModel)
    assert model.engine.model.device.type == "meta"  # type: ignore[attr-defined]


def test_weights_for_a_gpu_that_is_elsewhere_are_compared_on_the_cpu(
    kitchen: Kitchen, there: dict[Device, int]
) -> None:
    artifact = kitchen.prepared(request_for(device="CUDA"))
    report = json.loads((artifact.path / "report.json").read_text())
    assert report["device"] == "cpu"
    assert report["why"].endswith("Compared and measured on the CPU: this machine has no CUDA.")
    assert report["candidates"][0]["parity"]["agreeing"] == report["candidates"][0]["parity"]["samples"]


def test_a_named_form_for_a_device_that_is_elsewhere_ends_the_preparation(
    kitchen: Kitchen, there: dict[Device, int]
) -> None:
    failure = kitchen.failure(request_for(device="CUDA", preparation={"format": "TorchScript"}))
    assert failure.reason is FailureReason.UnsupportedForm
    assert "this machine has no CUDA: prepare it where there is one" in failure.message
