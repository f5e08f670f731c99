"""Models that are traced graphs, as TorchServe's preparation script writes them with save_mode torchscript."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Format, Precision, Preparation
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.checkpoints.labels import choose_labels
from transformermodel_predictor.checkpoints.limits import choose_max_length
from transformermodel_predictor.checkpoints.tokenizer import lower_cases, open_tokenizer
from transformermodel_predictor.checkpoints.torch_file import is_traced
from transformermodel_predictor.engines.compiled import torchserve_signature, unsupported
from transformermodel_predictor.engines.signature import Signature
from transformermodel_predictor.engines.torchscript import TORCHSCRIPT_FILE, load_torchscript
from transformermodel_predictor.graphs.shape import shape_of
from transformermodel_predictor.preparation.configuration import ModelFacts, configuration_for
from transformermodel_predictor.preparation.contest.candidates import Choice, candidates_for
from transformermodel_predictor.preparation.forms.catalogue import all_candidates
from transformermodel_predictor.preparation.forms.form import ENCODER_TASKS
from transformermodel_predictor.preparation.forms.writing import write_signature
from transformermodel_predictor.preparation.inputs import Acquired
from transformermodel_predictor.preparation.node import this_node
from transformermodel_predictor.preparation.placement import Placement
from transformermodel_predictor.preparation.torchserve_script.inherited import Inherited, read_inherited
from transformermodel_predictor.sources.pinned import Pinned
from transformermodel_predictor.sources.selection import WeightsKind, find_weights
from transformermodel_predictor.tasks.catalogue import task_type
from transformermodel_predictor.torchserve.tokenizer_source import (
    has_tokenizer,
    pin_tokenizer,
    tokenizer_uri,
)

TRACED = Candidate(Format.TorchScript, EngineName.TorchScript, Precision.Float32)
"""The only candidate for a graph; the script traces in float32."""

_INSTEAD = "name the checkpoint that it was traced from"


@dataclass(frozen=True)
class Traced:
    """A graph, with all that storing it needs.

    Attributes:
        file: the graph.
        signature: how it is called.
        configuration: what model-config.yaml says of it.
    """

    file: Path
    signature: Signature
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    configuration: ModelConfiguration

    def write(self, folder: Path) -> None:
        """Write the graph, unchanged, and its signature."""
        shutil.copyfile(self.file, folder / TORCHSCRIPT_FILE)
        write_signature(self.signature, folder)


def traced_file(folder: Path, origin: str) -> Path | None:
    """The graph in a folder; None where the folder holds weights.

    Raises:
        PreparationFailed: UnsupportedSource, it holds neither.
    """
    names = [path.name for path in folder.iterdir() if path.is_file()]
    weights = find_weights(names, origin, lambda name: (folder / name).read_text(encoding="utf-8"))
    if weights.kind is not WeightsKind.Torch or not is_traced(folder / weights.files[0]):
        return None
    return folder / weights.files[0]


def choose_traced(preparation: Preparation, placement: Placement) -> Choice:
    """The candidates of a request whose source is a graph.

    Raises:
        PreparationFailed: UnsupportedForm, the request names another form.
    """
    if preparation.format is Format.Auto:
        preparation = preparation.model_copy(update={"format": TRACED.format})
    reason = f"no other form can be made of a traced graph: {_INSTEAD}"
    return candidates_for(
        preparation,
        all_candidates(),
        lambda candidate: placement.refusal(candidate) if candidate == TRACED else reason,
        this_node(),
    )


def missing_tokenizer(folder: Path, request: PreparationRequest) -> Pinned | None:
    """The tokenizer at a hub that a graph needs, pinned; None where the folder holds one, or weights.

    Raises:
        PreparationFailed: the graph cannot do what is wanted; nothing says which tokenizer would do; a hub refuses.
    """
    origin = request.source.origin
    graph = traced_file(folder, origin)
    if graph is None or has_tokenizer(folder):
        return None
    inherited = read_inherited(folder, origin)
    _require_servable(graph, request, inherited)
    return pin_tokenizer(tokenizer_uri(inherited.configuration.model_name, origin), origin)


def read_traced(file: Path, request: PreparationRequest, acquired: Acquired, device: torch.device) -> Traced:
    """Read a graph and the files beside it, and find out which batch sizes and lengths it accepts.

    PyTorch runs the graph's own operations, and no Python of the file.

    Args:
        file: the graph.
        request: what is wanted of it.
        acquired: the folder that it is in, and that of its tokenizer where that is another.
        device: where it is to run.

    Raises:
        PreparationFailed: UnsupportedForm, the graph cannot do what is wanted, or not here; WeightsMismatch, it does
            not fit the labels or the length.
    """
    origin = request.source.origin
    inherited = read_inherited(acquired.checkpoint, origin)
    _require_servable(file, request, inherited)
    request = inherited.applied_to(request, has_labels=task_type(request.task).has_labels)
    wanted, script = request.preparation, inherited.configuration
    place = acquired.tokenizer or acquired.checkpoint
    tokenizer = open_tokenizer(place, origin, do_lower_case=wanted.do_lower_case)
    max_length = choose_max_length(wanted.max_length, tokenizer.model_max_length, script.max_length)
    signature = torchserve_signature(request.task, tokenizer, script.max_length or max_length)
    graph = load_torchscript(file, device, signature.outputs)
    shape = shape_of(graph, signature, device, row_per_token=request.task is not TaskName.SequenceClassification)
    labels = _labels(request, shape.classes)
    facts = ModelFacts(
        len(labels), max_length, lower_cases(tokenizer), base_model=ModelConfiguration.embedding_name, problem_type=None
    )
    configuration = configuration_for(request, facts)
    return Traced(file, shape.signature, tokenizer, labels, configuration)


def _require_servable(file: Path, request: PreparationRequest, inherited: Inherited) -> None:
    what = f"{request.source.origin} holds only the traced graph {file.name}"
    if request.task not in ENCODER_TASKS:
        raise unsupported(f"{what}, which cannot do {request.task.value}: {_INSTEAD}.")
    if request.source.adapter_uri:
        raise unsupported(f"{what}, into which no adapter can be merged: {_INSTEAD}.")
    hardware = inherited.configuration.hardware or ""
    if hardware.startswith("neuron"):
        raise unsupported(f"{what}, compiled for {hardware}, which cannot be checked here: {_INSTEAD}.")


def _labels(request: PreparationRequest, classes: int) -> tuple[str, ...]:
    """The names of the classes.

    Raises:
        PreparationFailed: WeightsMismatch, there are more or fewer than the graph has.
    """
    if not task_type(request.task).has_labels:
        return ()
    wanted = request.preparation
    labels = choose_labels(wanted.labels, None, wanted.num_labels or classes)
    if len(labels) != classes:
        raise PreparationFailed(
            FailureReason.WeightsMismatch,
            f"{request.source.origin} gives {classes} logits, but there are {len(labels)} labels.",
        )
    return labels
