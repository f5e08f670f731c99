"""A traced graph in an archive: what TorchServe's preparation script leaves with save_mode torchscript."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.checkpoints.labels import choose_labels
from transformermodel_predictor.engines.compiled import model_file, torchserve_signature
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.graph import GraphEngine
from transformermodel_predictor.engines.neuron import neuron_library
from transformermodel_predictor.engines.torchscript import TORCHSCRIPT_FILE, graph_of, load_module
from transformermodel_predictor.graphs.shape import shape_of
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_type
from transformermodel_predictor.tasks.task import EncoderTask
from transformermodel_predictor.torchserve.ancestor.material import Material

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


def load_graph_model(material: Material) -> GraphModel:
    """Load a graph, and find out in which sizes it can be called.

    Raises:
        PreparationFailed: there is none, it does not fit, or it was compiled for hardware that is not here.
    """
    configuration, device, serialized = material.configuration, material.device, material.archived.serialized
    neuron = _NEURON.get(configuration.hardware)
    if neuron is not None:
        neuron_library(neuron)
        device = torch.device("cpu")  # its runtime moves tensors by itself
    folder = material.folder
    file = folder / serialized if serialized else model_file(folder, TORCHSCRIPT_FILE)
    module = load_module(file, device)
    signature = torchserve_signature(material.task, material.tokenizer, configuration.max_length)
    graph = graph_of(module, signature.outputs)
    per_token = material.task is not TaskName.SequenceClassification
    if neuron is not None:  # compiled for one size of batch and row
        signature = replace(signature, batch_size=configuration.batch_size, fixed_length=True)
        classes = configuration.num_labels or None
    else:
        shape = shape_of(graph, signature, device, row_per_token=per_token)
        signature, classes = shape.signature, shape.classes
    labels = _labels(material, classes)
    task: Any = make_task(material.task, TaskConfiguration.of(configuration, labels))
    length = signature.max_length if signature.fixed_length else None
    return GraphModel(module, GraphEngine(signature, graph, device), task, length)


def _labels(material: Material, classes: int | None) -> tuple[str, ...]:
    """The names of the classes.

    Raises:
        PreparationFailed: there are more or fewer than the graph has.
    """
    if not task_type(material.task).has_labels:
        return ()
    labels = choose_labels(material.labels, None, classes)
    if not labels or (classes is not None and len(labels) != classes):
        raise PreparationFailed(
            FailureReason.WeightsMismatch,
            f"the graph of {material.archived.origin} gives {classes or 'an unknown number of'} logits, but there are "
            f"{len(labels)} labels: name them in index_to_name.json.",
        )
    return labels
