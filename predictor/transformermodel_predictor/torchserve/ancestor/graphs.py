"""A traced graph in an archive: what TorchServe's preparation script leaves with save_mode torchscript."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.engines.compiled import model_file, torchserve_signature
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.graph import GraphEngine
from transformermodel_predictor.engines.neuron import neuron_library
from transformermodel_predictor.engines.torchscript import TORCHSCRIPT_FILE, graph_of, load_module
from transformermodel_predictor.preparation.graph_shape import shape_of
from transformermodel_predictor.preparation.labels import choose_labels
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_type
from transformermodel_predictor.tasks.task import EncoderTask

_NEURON = {"neuron": Format.Neuron, "neuronx": Format.NeuronX}


@dataclass(frozen=True)
class GraphModel:
    """A graph with its task.

    Attributes:
        module: the graph, as handlers call it.
        engine: what runs it, in sizes that it holds for.
        task: what it does.
        length: tokens of every row, where it takes no other number of them.
    """

    module: Any
    engine: Engine
    task: EncoderTask[Any, Any]
    length: int | None


def load_graph_model(
    folder: Path,
    serialized: str | None,
    task_name: TaskName,
    tokenizer: PreTrainedTokenizerBase,
    configuration: ModelConfiguration,
    device: torch.device,
    labels: tuple[str, ...] | None,
) -> GraphModel:
    """Load a graph, and find out in which sizes it can be called.

    Raises:
        PreparationFailed: there is none, it does not fit, or it was compiled for hardware that is not here.
    """
    neuron = _NEURON.get(configuration.hardware)
    if neuron is not None:
        neuron_library(neuron)
        device = torch.device("cpu")  # its runtime moves tensors by itself
    file = folder / serialized if serialized else model_file(folder, TORCHSCRIPT_FILE)
    module = load_module(file, device)
    signature = torchserve_signature(task_name, tokenizer, configuration.max_length)
    graph = graph_of(module, signature.outputs)
    per_token = task_name is not TaskName.SequenceClassification
    if neuron is not None:  # compiled for one size of batch and row
        signature = replace(signature, batch_size=configuration.batch_size, fixed_length=True)
        classes = configuration.num_labels or None
    else:
        shape = shape_of(graph, signature, device, row_per_token=per_token)
        signature, classes = shape.signature, shape.classes
    chosen = _chosen(folder, task_name, labels, classes)
    task: Any = make_task(task_name, TaskConfiguration.of(configuration, chosen))
    length = signature.max_length if signature.fixed_length else None
    return GraphModel(module, GraphEngine(signature, graph, device), task, length)


def _chosen(folder: Path, task: TaskName, labels: tuple[str, ...] | None, classes: int | None) -> tuple[str, ...]:
    """The names of the classes.

    Raises:
        PreparationFailed: there are more or fewer than the graph has.
    """
    if not task_type(task).has_labels:
        return ()
    chosen = choose_labels(labels, None, classes)
    if not chosen or (classes is not None and len(chosen) != classes):
        raise PreparationFailed(
            FailureReason.WeightsMismatch,
            f"the graph gives {classes or 'an unknown number of'} logits, but there are {len(chosen)} labels: "
            "name them in index_to_name.json.",
        )
    return chosen
