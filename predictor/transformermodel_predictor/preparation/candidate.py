"""A candidate: one way in which an artifact could be served."""

from dataclasses import dataclass
from enum import StrEnum

from transformermodel_api.spec import Format, Precision


class EngineName(StrEnum):
    """The engines that this version can run."""

    Pretrained = "Pretrained"


@dataclass(frozen=True)
class Candidate:
    """A form of the weights, what runs it, and its arithmetic. Never `Auto`: that is a wish, not a way."""

    format: Format
    engine: EngineName
    precision: Precision
