"""What candidates are built from: a model in memory, or a graph from the user."""

from transformermodel_api.contract import PreparationRequest
from transformermodel_predictor.preparation.contest.candidates import Choice
from transformermodel_predictor.preparation.inputs import Acquired
from transformermodel_predictor.preparation.merge import Merged, merge
from transformermodel_predictor.preparation.placement import Placement
from transformermodel_predictor.preparation.plan import choose
from transformermodel_predictor.preparation.torchserve_script.traced import (
    Traced,
    choose_traced,
    read_traced,
    traced_file,
)

Material = Merged | Traced


def material_of(request: PreparationRequest, acquired: Acquired, placement: Placement) -> Material:
    """Read the acquired sources.

    Args:
        request: what is wanted.
        acquired: where the sources are.
        placement: where the model will run; a graph is tried there.

    Raises:
        PreparationFailed: they cannot be read, or do not fit the request.
    """
    graph = traced_file(acquired.checkpoint, request.source.origin)
    if graph is None:
        return merge(request, acquired)
    return read_traced(graph, request, acquired, placement.device)


def choice_for(request: PreparationRequest, placement: Placement, material: Material) -> Choice:
    """The candidates that a request allows for what there is, on this machine.

    Raises:
        PreparationFailed: UnsupportedForm, there are none.
    """
    if isinstance(material, Traced):
        return choose_traced(request.preparation, placement)
    weights = sum(tensor.nbytes for tensor in material.model.state_dict().values())
    return choose(request, placement, material.model.config.model_type, weights)
