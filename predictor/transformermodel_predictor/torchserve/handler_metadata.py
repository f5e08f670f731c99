"""What clients may know of a model that runs somebody's handler."""

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.tasks.task import TensorSpec
from transformermodel_predictor.torchserve.archived_model import ArchivedModel

BODY = TensorSpec("body", "BYTES", (-1,))
"""V2's input: a row's body, as bytes or text."""

ANSWER = TensorSpec("answer", "BYTES", (-1,))
"""V2's output: what the handler answered to each row."""

_TENSOR_ENVELOPE = "kservev2"
"""The envelope whose handlers read and write tensors of their own, which nobody else knows."""


def handler_metadata(model: ArchivedModel) -> ModelMetadata:
    """The metadata of an archive: of its tensors what is known, of its workers how many calls share a batch."""
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
