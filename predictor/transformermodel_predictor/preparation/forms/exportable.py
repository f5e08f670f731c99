"""What a graph is made from: a model that takes and returns plain tensors, and the sizes of those tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.engines.graph import Graph
from transformermodel_predictor.engines.signature import Signature
from transformermodel_predictor.generation.graph_signature import DecoderSignature


@dataclass(frozen=True)
class Exportable:
    """A model ready for export to a graph, whatever its task.

    Attributes:
        module: takes and returns tuples of tensors, in the order of the signature.
        signature: how to call the graph.
        example: arguments of a small call; small because no size is special to the graph.
        axes: the names of the dynamic dimensions, by input or output and axis.
        check: raises PreparationFailed (UnsupportedForm) unless a graph reproduces the module's outputs.
        largest: largest size by name of dynamic dimension, where there is a limit.
    """

    module: nn.Module
    signature: Signature | DecoderSignature
    example: tuple[torch.Tensor, ...]
    axes: Mapping[str, Mapping[int, str]]
    check: Callable[[Candidate, Graph], None]
    largest: Mapping[str, int] = field(default_factory=dict)
