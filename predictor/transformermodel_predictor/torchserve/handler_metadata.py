"""The public metadata of a model with a handler."""

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.tasks.task import TensorSpec
from transformermodel_predictor.torchserve.archived_model import ArchivedModel

BODY = TensorSpec("body", "BYTES", (-1,))
"""V2's input: a row's body, as bytes or text."""

ANSWER = TensorSpec("answer", "BYTES", (-1,))
"""V2's output: the handler's answer to each row."""

_TENSOR_ENVELOPE = "kservev2"
"""The envelope whose handlers define tensors of their own, which the server does not know."""


def handler_metadata(model: ArchivedModel) -> ModelMetadata:
    """The metadata of an archive: its tensors, as far as they are known, and its batch size."""
    own_tensors = model.settings.envelope == _TENSOR_ENVELOPE
    return ModelMetadata(
        name=model.name,
        version=model.manifest.model_version,
        platform="torchserve-handler",
        inputs=() if own_tensors else (BODY,),
        outputs=() if own_tensors else (ANSWER,),
        parameters={
            "task": "Custom",
            "handler": model.manifest.handler,
            "batch_size": model.settings.batch_size,
            **({"envelope": model.settings.envelope} if model.settings.envelope else {}),
        },
    )
