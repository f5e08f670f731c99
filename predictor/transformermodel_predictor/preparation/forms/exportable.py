"""What a graph is made of: a model that takes and gives plain tensors, and in which sizes."""

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
    """A model on its way to a graph, whatever its task.

    Attributes:
        module: takes and gives tuples of tensors, in the order of the signature.
        signature: how the graph is to be called.
        example: a small call, as none of the graph's sizes is special.
        axes: by name of an input or output, its dimensions that differ from call to call, and what they are.
        check: raises PreparationFailed (UnsupportedForm) unless a graph gives what the module gives.
        largest: by name of such a dimension, its largest size, where there is one.
    """

    module: nn.Module
    signature: Signature | DecoderSignature
    example: tuple[torch.Tensor, ...]
    axes: Mapping[str, Mapping[int, str]]
    check: Callable[[Candidate, Graph], None]
    largest: Mapping[str, int] = field(default_factory=dict)
