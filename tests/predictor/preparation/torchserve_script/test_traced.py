"""Folders that hold only a graph, as TorchServe's preparation script leaves them with save_mode torchscript."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoModelForTokenClassification,
    BertForSequenceClassification,
)

from tests.hub.server import HubServer, serving
from tests.predictor.preparation.conftest import LABELS, Kitchen, request_for
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.engines.signature import Signature, read_signature
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.preparation.plan import plan

_jit: Any = torch.jit

LENGTH = 24
SETUP = {"model_name": "org/tiny", "mode": "sequence_classification", "save_mode": "torchscript", "max_length": LENGTH}
NAMES = {str(index): label for index, label in enumerate(LABELS)}
QUESTIONS = [{"text": "i love this movie"}, {"text": "it was bad"}, {"text": "i hate it " * 20}]


def traced(**spec: Any) -> PreparationRequest:
    return request_for(preparation={"format": "Auto", **spec.pop("preparation", {})}, **spec)


def trace(model: nn.Module) -> Any:
    """As the script does: one row of ids and mask, padded to the limit."""
    ids = torch.zeros((1, LENGTH), dtype=torch.int64)
    ids[0, :4] = torch.tensor([2, 5, 6, 3])
    return _jit.trace(model, (ids, (ids > 0).long()), check_trace=False)


def tiny_classifier(kitchen: Kitchen) -> nn.Module:
    return BertForSequenceClassification.from_pretrained(kitchen.model, return_dict=False).eval()


def keep(kitchen: Kitchen, graph: Any, **settings: Any) -> None:
    """Leave what the script leaves, and the tokenizer beside it."""
    for name in ("model.safetensors", "config.json"):
        (kitchen.model / name).unlink()
    graph.save(kitchen.model / "traced_model.pt")
    (kitchen.model / "setup_config.json").write_text(json.dumps({**SETUP, **settings}))
    (kitchen.model / "index_to_name.json").write_text(json.dumps(NAMES))


def signature_of(artifact: Artifact) -> Signature:
    return read_signature((artifact.path / "signature.json").read_text())


def loaded(artifact: Artifact) -> LoadedModel:
    model = load_model(artifact)
    assert isinstance(model, LoadedModel)
    return model


def test_a_graph_answers_as_the_checkpoint_it_was_traced_from(kitchen: Kitchen) -> None:
    whole = loaded(kitchen.prepared(request_for(preparation={"maxLength": LENGTH})))
    expected = whole.answer(QUESTIONS)
    keep(kitchen, trace(tiny_classifier(kitchen)))
    request = traced(tests=[{"input": QUESTIONS[0], "expect": {"label": expected[0]["label"]}}])
    prepared, artifact = kitchen.prepare(request), kitchen.prepared(request)
    assert (prepared.format, prepared.parity, prepared.speedup) == ("TorchScript", None, None)
    assert artifact.labels == LABELS
    assert artifact.configuration.max_length == LENGTH
    for answer, other in zip(loaded(artifact).answer(QUESTIONS), expected, strict=True):
        assert answer["label"] == other["label"]
        assert answer["score"] == pytest.approx(other["score"], abs=1e-4)
    assert_called_as_it_is(signature_of(artifact))
    assert_parity_reported_as_not_checked(artifact)


def assert_called_as_it_is(signature: Signature) -> None:
    """Nothing is padded that the graph takes without."""
    assert (signature.fixed_length, signature.batch_size, signature.max_length) == (False, None, LENGTH)


def assert_parity_reported_as_not_checked(artifact: Artifact) -> None:
    report: dict[str, Any] = json.loads((artifact.path / "report.json").read_text())
    assert report["why"] == (
        "TorchScript Float32 is what the source holds. "
        "Its parity was not checked: there is no model to compare it with."
    )
    (chosen,) = (entry for entry in report["candidates"] if entry["outcome"] == "Chosen")
    assert "parity" not in chosen
    assert chosen["single"]["perSecond"] > 0


class PerToken(nn.Module):
    """Three logits for each token, that depend on the token and its place."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(scale * torch.randn(14, 3))
        self.places = nn.Parameter(torch.randn(LENGTH, 3))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor]:
        return ((self.weight[ids] + self.places[: ids.shape[1]]) * mask[..., None],)


class PerRow(PerToken):
    """Three logits for each row."""

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor]:
        return ((self.weight[ids] * mask[..., None]).sum(1),)


class ForOneLength(PerToken):
    """Takes rows of the traced length alone."""

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor]:
        return ((self.weight[ids] + self.places) * mask[..., None],)


class ForOneRow(PerToken):
    """Gives what it gives for the first row, whatever comes after."""

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor]:
        return ((self.weight[ids[0]] + self.places)[None] * mask[:1, :, None],)


@pytest.mark.parametrize(
    ("graph", "fixed_length", "batch_size"),
    [(PerToken, False, None), (ForOneLength, True, None), (ForOneRow, True, 1)],
)
def test_a_graph_is_called_only_in_sizes_that_it_holds_for(
    kitchen: Kitchen, graph: Callable[[], nn.Module], fixed_length: bool, batch_size: int | None
) -> None:
    keep(kitchen, _jit.script(graph().eval()), mode="token_classification")
    (kitchen.model / "index_to_name.json").write_text('{"label_list": ["O", "B-X", "B-Y"]}')
    artifact = kitchen.prepared(traced(task="TokenClassification"))
    signature = signature_of(artifact)
    assert (signature.fixed_length, signature.batch_size) == (fixed_length, batch_size)
    model = loaded(artifact)
    together = model.answer(QUESTIONS)
    assert together == [answer for question in QUESTIONS for answer in model.answer([question])]


@pytest.mark.parametrize(
    ("task", "mode", "auto_class"),
    [
        ("TokenClassification", "token_classification", AutoModelForTokenClassification),
        ("QuestionAnswering", "question_answering", AutoModelForQuestionAnswering),
    ],
)
def test_other_tasks_are_answered_too(kitchen: Kitchen, task: str, mode: str, auto_class: Any) -> None:
    classes = 2 if mode == "question_answering" else 3
    config = AutoConfig.from_pretrained(kitchen.model, num_labels=classes, return_dict=False)
    keep(kitchen, trace(auto_class.from_config(config).eval()), mode=mode)
    question = {"question": "was it good", "context": "it was bad"} if mode == "question_answering" else QUESTIONS[0]
    (answer,) = loaded(kitchen.prepared(traced(task=task))).answer([question])
    assert ("entities" in answer) == (mode == "token_classification")


@dataclass
class Broken:
    """What makes a graph's folder unfit, and how that is told."""

    spec: dict[str, Any]
    reason: FailureReason
    message: str


@pytest.mark.parametrize(
    "broken",
    [
        Broken(
            {"preparation": {"format": "Pretrained"}},
            FailureReason.UnsupportedForm,
            "no other form can be made of a traced graph: name the checkpoint that it was traced from.",
        ),
        Broken(
            {"source": {"uri": "file://model", "adapterUri": "file://model"}},
            FailureReason.UnsupportedForm,
            "traced_model.pt, into which no adapter can be merged",
        ),
        Broken({"task": "TextGeneration"}, FailureReason.UnsupportedForm, "which cannot do TextGeneration"),
        Broken(
            {"preparation": {"labels": ["a", "b"]}},
            FailureReason.WeightsMismatch,
            "gives 3 logits, but there are 2 labels.",
        ),
        Broken({"preparation": {"maxLength": 60}}, FailureReason.WeightsMismatch, "spec.preparation.maxLength is 60"),
    ],
    ids=lambda broken: broken.message[:30],
)
def test_what_cannot_be_made_of_a_graph_is_refused(kitchen: Kitchen, broken: Broken) -> None:
    keep(kitchen, _jit.script(PerRow()))
    failure = kitchen.failure(traced(**broken.spec))
    assert failure.reason is broken.reason
    assert broken.message in failure.message


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (nn.Linear(2, 2), "cannot be run on a CPU with the ids and the mask of 24 tokens"),
        (PerRow(torch.inf), "gives numbers that are not finite"),
    ],
)
def test_a_graph_that_does_not_do_what_the_scripts_do_is_refused(
    kitchen: Kitchen, graph: nn.Module, message: str
) -> None:
    keep(kitchen, _jit.script(graph))
    failure = kitchen.failure(traced())
    assert failure.reason is FailureReason.UnsupportedForm
    assert message in failure.message


def test_a_graph_compiled_for_other_hardware_is_refused(kitchen: Kitchen) -> None:
    keep(kitchen, _jit.script(PerRow()), hardware="neuron")
    assert "compiled for neuron, which cannot be checked here" in kitchen.failure(traced()).message


def test_a_plan_names_the_graph_s_own_form_alone(kitchen: Kitchen) -> None:
    keep(kitchen, _jit.script(PerRow()))
    (candidate,) = plan(traced(), kitchen.base).choice.candidates
    assert str(candidate) == "TorchScript Float32"


@pytest.fixture
def without_tokenizer(kitchen: Kitchen) -> dict[str, bytes]:
    """A graph with nothing to read text beside it; the files that it would need."""
    keep(kitchen, _jit.script(PerRow()))
    files = {path.name: path for path in kitchen.model.iterdir() if path.name.startswith(("tokenizer", "vocab"))}
    content = {name: path.read_bytes() for name, path in files.items()}
    for path in files.values():
        path.unlink()
    return content


def test_a_tokenizer_comes_from_the_hub_as_the_script_s_did(
    kitchen: Kitchen, without_tokenizer: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        commit = hub.repositories.publish("org/tiny", {**without_tokenizer, "model.safetensors": b"not needed"})
        artifact = kitchen.prepared(traced())
        assert not any(request.path.endswith(".safetensors") for request in hub.requests)
    assert artifact.manifest.provenance.tokenizer == f"hf://org/tiny@{commit}"
    assert len(loaded(artifact).answer(QUESTIONS)) == 3


def test_a_tokenizer_that_moved_on_the_hub_is_another_input(
    kitchen: Kitchen, without_tokenizer: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        publish = hub.repositories.publish
        first = publish("org/tiny", without_tokenizer)
        one = kitchen.prepare(traced())
        assert prepared_again(kitchen, hub) == (one.digest, [])
        settings = {**json.loads(without_tokenizer["tokenizer_config.json"]), "model_max_length": 8}
        second = publish("org/tiny", {**without_tokenizer, "tokenizer_config.json": json.dumps(settings).encode()})
        other = kitchen.prepared(traced())
        assert other.manifest.provenance.tokenizer == f"hf://org/tiny@{second}"
        assert other.manifest.digest != one.digest
        assert prepared_again(kitchen, hub) == (other.manifest.digest, [])
        hub.repositories.point("org/tiny", "main", first)
        assert prepared_again(kitchen, hub) == (one.digest, [])


def prepared_again(kitchen: Kitchen, hub: HubServer) -> tuple[str, list[str]]:
    """The digest of what is found, and the files that were fetched for it."""
    hub.requests.clear()
    digest = kitchen.prepare(traced()).digest
    assert len(hub.requests) == 1
    return digest, [request.path for request in hub.requests if "/resolve/" in request.path]


@pytest.mark.usefixtures("without_tokenizer")
def test_a_tokenizer_that_the_hub_does_not_give_is_named_with_the_reason(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))
    with pytest.raises(PreparationFailed) as caught:
        kitchen.prepare(traced())
    assert caught.value.reason is FailureReason.Unreachable
    assert caught.value.message.startswith(
        "file://model has no tokenizer files, and those of its model_name cannot be had: the revision 'main' of hf://org/"
    )


@pytest.mark.parametrize(
    ("model_name", "reason"),
    [
        (None, "nothing beside its graph says of which model it is: add them."),
        ("my-own", "model_name 'my-own' has no organisation"),
        ("./Transformer_model", "is a folder: add them."),
    ],
)
@pytest.mark.usefixtures("without_tokenizer")
def test_without_a_repository_to_ask_the_tokenizer_is_missing(
    kitchen: Kitchen, model_name: str | None, reason: str
) -> None:
    (kitchen.model / "setup_config.json").write_text(json.dumps({**SETUP, "model_name": model_name}))
    failure = kitchen.failure(traced())
    assert failure.reason is FailureReason.UnsupportedSource
    assert failure.message.startswith("file://model has no tokenizer files, and ")
    assert reason in failure.message
