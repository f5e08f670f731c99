"""KServe's V1 protocol: instances in, predictions or explanations out. Between parsed bodies and rows. Pure."""

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
    """The members of a body: at least one instance, whatever it is, and parameters for all of them."""

    instances: Sequence[Any]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class PredictRequest:
    """What a client asks: rows as named fields, and how the answer is wanted."""

    questions: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any]


def read_request(body: object, inputs: Sequence[TensorSpec], most_rows: int | None = None) -> PredictRequest:
    """Read the body of a predict or explain request.

    An instance is an object of named fields, or a string that is the text.

    Args:
        body: the parsed body.
        inputs: of the model.
        most_rows: how many instances there may be; any number when None.

    Raises:
        InvalidRequest: it is not what the protocol says; the message names the member.
        TooManyRows: there are more instances.
    """
    refuse_misspelt(body, MEMBERS)
    read = read_body(body, most_rows)
    return PredictRequest(tuple(_fields(instance, inputs) for instance in read.instances), read.parameters)


def read_body(body: object, most_rows: int | None = None) -> Body:
    """Read a body as far as it is the same for all models; arguments and errors as `read_request`.

    Further members are left to whoever gets the whole body.
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
    """The body of a predict response. A prediction whose text was cut says by how many tokens."""
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
