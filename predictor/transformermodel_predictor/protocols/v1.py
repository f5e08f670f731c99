"""KServe's V1 protocol: converts between parsed bodies (instances, predictions, explanations) and rows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.handler import Answer, ModelMetadata
from transformermodel_predictor.protocols.columns import sole_text
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.explanations import write_v1_explained
from transformermodel_predictor.protocols.members import refuse_misspelt
from transformermodel_predictor.protocols.sizes import require_rows
from transformermodel_predictor.tasks.task import TensorSpec

MEMBERS = ("instances", "parameters")


@dataclass(frozen=True)
class Body:
    """The members of a body: at least one instance, of any type, and parameters that apply to all of them."""

    instances: Sequence[Any]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class PredictRequest:
    """A client's request: rows as named fields, and parameters that apply to all of them."""

    questions: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any]


def read_request(body: object, inputs: Sequence[TensorSpec], most_rows: int | None = None) -> PredictRequest:
    """Read the body of a predict or explain request.

    An instance is an object of named fields, or a string that stands for the text.

    Args:
        body: the parsed body.
        inputs: the model's inputs.
        most_rows: most instances allowed; None for no limit.

    Raises:
        InvalidRequest: the body does not follow the protocol; the message names the member.
        TooManyRows: there are too many instances.
    """
    refuse_misspelt(body, MEMBERS)
    read = read_body(body, most_rows)
    return PredictRequest(tuple(_fields(instance, inputs) for instance in read.instances), read.parameters)


def read_body(body: object, most_rows: int | None = None) -> Body:
    """Read the members that are the same for all models; arguments and errors are those of `read_request`.

    Further members are ignored: a handler with an envelope gets the whole body.
    """
    if not isinstance(body, Mapping):
        raise InvalidRequest("the body must be an object with instances")
    instances = body.get("instances")
    if not isinstance(instances, list) or not instances:
        raise InvalidRequest("instances must be a list with at least one element")
    require_rows(len(instances), most_rows, "instances")
    parameters = body.get("parameters")
    if not isinstance(parameters, Mapping | None):
        raise InvalidRequest("parameters must be an object")
    return Body(instances, parameters or {})


def write_response(answers: Sequence[Answer]) -> dict[str, Any]:
    """The body of a predict response. A prediction for a truncated text has `truncated_tokens`."""
    return {
        "predictions": [
            {**answer.fields, "truncated_tokens": answer.truncated} if answer.truncated else dict(answer.fields)
            for answer in answers
        ]
    }


def write_explain_response(metadata: ModelMetadata, explained: Sequence[Explained]) -> dict[str, Any]:
    """The body of an explain response."""
    task = TaskName(metadata.parameters["task"])
    return {"explanations": [write_v1_explained(task, row) for row in explained]}


def _fields(instance: object, inputs: Sequence[TensorSpec]) -> Mapping[str, Any]:
    if isinstance(instance, Mapping):
        return instance
    text = sole_text(inputs)
    if isinstance(instance, str) and text is not None:
        return {text: instance}
    names = ", ".join(f"{spec.name} (optional)" if spec.optional else spec.name for spec in inputs)
    raise InvalidRequest(f"an instance must be {'a string or ' if text else ''}an object with {names}")
