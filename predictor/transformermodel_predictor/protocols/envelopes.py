"""TorchServe's request envelopes: what of a protocol's body a handler wants to see itself."""

from enum import StrEnum

from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


class Envelope(StrEnum):
    """Whose bodies a handler gets as a whole."""

    rows = "rows"
    """Nobody's: each call is a row."""

    instances = "instances"
    """V1's: an object with `instances` in, one with `predictions` or `explanations` out."""

    tensors = "tensors"
    """V2's: an object with `inputs` in, one with `outputs` out."""


_NAMES = {"json": Envelope.instances, "kserve": Envelope.instances, "kservev2": Envelope.tensors}
"""By TorchServe's names; `body` only takes the row's body out of the row."""


def envelope_of(settings: WorkerSettings) -> Envelope:
    """Which bodies the handlers of a model get as a whole."""
    return _NAMES.get(settings.envelope or "", Envelope.rows)
