"""TorchServe's request envelopes: which protocol's bodies a handler reads whole."""

from enum import StrEnum

from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


class Envelope(StrEnum):
    """The protocol whose bodies a handler reads and writes whole."""

    rows = "rows"
    """None: each call is a row."""

    instances = "instances"
    """V1: an object with `instances` in, one with `predictions` or `explanations` out."""

    tensors = "tensors"
    """V2: an object with `inputs` in, one with `outputs` out."""


_NAMES = {"json": Envelope.instances, "kserve": Envelope.instances, "kservev2": Envelope.tensors}
"""TorchServe's names of envelopes; its `body` is not among them: it only takes a row's body out of the row."""


def envelope_of(settings: WorkerSettings) -> Envelope:
    """The envelope that the settings of a model name."""
    return _NAMES.get(settings.envelope or "", Envelope.rows)
