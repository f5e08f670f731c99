"""Which candidates are tried: the rules of Auto, as a table."""

from typing import Any

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format, Precision, Preparation
from transformermodel_predictor.candidate import REFERENCE, Candidate, EngineName
from transformermodel_predictor.preparation.contest.candidates import Model, candidates_for
from transformermodel_predictor.preparation.node import Node

PLAIN = Node()
AMX = Node(cpu_flags=frozenset({"avx512f", "amx_bf16"}))
ARM = Node(cpu_flags=frozenset({"asimd", "bf16"}))
GPU = Node(accelerators=("H200",))

OFFERED = tuple(
    Candidate(Format(format_), EngineName(engine), Precision(precision))
    for format_, engine, precision in [
        ("Exported", "Exported", "BFloat16"),
        ("Exported", "Exported", "Float32"),
        ("Pretrained", "Packed", "BFloat16"),
        ("Pretrained", "Packed", "Float32"),
        ("Pretrained", "Pretrained", "Int8"),
        ("Pretrained", "Pretrained", "BFloat16"),
        ("Pretrained", "Pretrained", "Float16"),
        ("Pretrained", "Pretrained", "Float32"),
        ("TorchScript", "TorchScript", "BFloat16"),
        ("TorchScript", "TorchScript", "Float32"),
        ("ONNX", "ONNX", "Float32"),
        ("ONNX", "ONNX", "Int8"),
        ("NeuronX", "Neuron", "Float32"),
    ]
)
SAMPLES = {"samplesUri": "file://samples.jsonl"}


def suits(candidate: Candidate) -> str | None:
    return None


def no_packing(candidate: Candidate) -> str | None:
    return "deberta-v2 cannot be packed" if candidate.engine is EngineName.Packed else None


def neither(candidate: Candidate) -> str | None:
    return no_packing(candidate) or no_onnx(candidate)


def no_onnx(candidate: Candidate) -> str | None:
    return "the package onnxruntime is not installed" if candidate.format is Format.ONNX else None


@pytest.mark.parametrize(
    ("wanted", "node", "refusal", "tried"),
    [
        ({}, PLAIN, suits, ["Pretrained Float32", "Pretrained/Packed Float32"]),
        ({}, PLAIN, no_packing, ["Pretrained Float32", "TorchScript Float32", "ONNX Float32"]),
        ({}, PLAIN, neither, ["Pretrained Float32", "TorchScript Float32"]),
        (
            {"parity": SAMPLES},
            PLAIN,
            no_packing,
            ["Pretrained Float32", "TorchScript Float32", "ONNX Float32", "Pretrained Int8", "ONNX Int8"],
        ),
        *(
            (
                {},
                node,
                suits,
                [
                    "Pretrained Float32",
                    "Pretrained/Packed Float32",
                    "Pretrained BFloat16",
                    "Pretrained/Packed BFloat16",
                ],
            )
            for node in (AMX, ARM, GPU)
        ),
        (
            {},
            AMX,
            no_packing,
            ["Pretrained Float32", "ONNX Float32", "Pretrained BFloat16", "TorchScript BFloat16"],
        ),
        ({"engine": "Packed"}, AMX, suits, ["Pretrained/Packed Float32", "Pretrained/Packed BFloat16"]),
        ({"precision": "Float32"}, AMX, suits, ["Pretrained Float32", "Pretrained/Packed Float32"]),
        ({"precision": "BFloat16"}, PLAIN, no_packing, ["Pretrained BFloat16", "TorchScript BFloat16"]),
        ({"precision": "Int8"}, PLAIN, suits, ["Pretrained Int8", "ONNX Int8"]),
        ({"precision": "Float16"}, PLAIN, suits, ["Pretrained Float16"]),
        ({"format": "Exported"}, PLAIN, suits, ["Exported Float32"]),
        ({"format": "Exported"}, AMX, suits, ["Exported Float32", "Exported BFloat16"]),
        ({"format": "ONNX"}, AMX, suits, ["ONNX Float32"]),
        ({"format": "ONNX", "parity": SAMPLES}, AMX, suits, ["ONNX Float32", "ONNX Int8"]),
        ({"format": "NeuronX", "batchSize": 4}, AMX, suits, ["NeuronX Float32"]),
        ({"format": "Pretrained", "engine": "Pretrained", "precision": "Float32"}, AMX, suits, ["Pretrained Float32"]),
    ],
)
def test_the_simplest_of_what_is_tried_comes_first(
    wanted: dict[str, Any], node: Node, refusal: Any, tried: list[str]
) -> None:
    choice = candidates_for(Preparation.model_validate(wanted), OFFERED, refusal, node)
    assert [str(candidate) for candidate in choice.candidates] == tried


def test_what_is_not_tried_is_told_with_its_reason() -> None:
    choice = candidates_for(Preparation(), OFFERED, no_packing, PLAIN)
    reasons = {str(entry.candidate): entry.reason for entry in choice.untried}
    assert reasons["Pretrained/Packed Float32"] == "deberta-v2 cannot be packed"
    assert reasons["Pretrained BFloat16"].startswith("this processor has no instructions for bfloat16")
    assert reasons["Pretrained Float16"] == "it is tried only where spec.preparation.precision names it"
    assert "spec.preparation.parity.samplesUri names samples of your own" in reasons["ONNX Int8"]
    for compiled in ("Exported Float32", "NeuronX Float32"):
        assert reasons[compiled] == (
            "compiling it takes minutes: it is tried only where spec.preparation.format names it"
        )
    assert len(choice.candidates) + len(choice.untried) == len(OFFERED)


def test_where_the_packed_engine_runs_graphs_are_named_or_left_out() -> None:
    reasons = {
        str(entry.candidate): entry.reason for entry in candidates_for(Preparation(), OFFERED, suits, AMX).untried
    }
    assert reasons["ONNX Float32"] == (
        "the packed engine runs this architecture, and no traced graph is as fast: "
        "it is tried only where spec.preparation.format names it"
    )


def test_graphs_that_generate_text_are_named_or_left_out() -> None:
    choice = candidates_for(Preparation(), OFFERED, no_packing, PLAIN, Model(generates=True))
    assert [str(candidate) for candidate in choice.candidates] == ["Pretrained Float32"]


@pytest.mark.parametrize(("free", "traced"), [(None, True), (4000, True), (3999, False)])
def test_auto_traces_where_memory_is_enough_for_it(free: int | None, traced: bool) -> None:
    choice = candidates_for(Preparation(), OFFERED, no_packing, Node(free_bytes=free), Model(weights=1000))
    assert ("ONNX Float32" in map(str, choice.candidates)) is traced
    named = candidates_for(Preparation(format=Format.ONNX), OFFERED, suits, Node(free_bytes=free), Model(weights=1000))
    assert [str(candidate) for candidate in named.candidates] == ["ONNX Float32"]


@pytest.mark.parametrize(
    ("wanted", "refusal", "said"),
    [
        ({"format": "ONNX"}, no_onnx, "ONNX Float32 is unsuitable: the package onnxruntime is not installed."),
        ({"engine": "Packed"}, no_packing, "Packed Float32 is unsuitable: deberta-v2 cannot be packed."),
        ({"format": "Neuron", "batchSize": 4}, suits, "format Neuron is not known here."),
        ({"format": "ONNX", "precision": "Float16"}, suits, "format ONNX with precision Float16 is not known here."),
    ],
)
def test_what_is_named_and_cannot_be_had_is_refused_with_the_reason(
    wanted: dict[str, Any], refusal: Any, said: str
) -> None:
    with pytest.raises(PreparationFailed) as caught:
        candidates_for(Preparation.model_validate(wanted), OFFERED, refusal, PLAIN)
    assert caught.value.reason.name == "UnsupportedForm"
    assert said in caught.value.message


def test_candidates_have_names_for_people_and_for_folders() -> None:
    assert str(REFERENCE) == "Pretrained Float32"
    assert REFERENCE.slug == "pretrained-pretrained-float32"
    neuronx = Candidate(Format.NeuronX, EngineName.Neuron, Precision.BFloat16)
    assert str(neuronx) == "NeuronX BFloat16"
    assert len({candidate.slug for candidate in OFFERED}) == len(OFFERED)
