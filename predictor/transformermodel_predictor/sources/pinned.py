"""A source together with the one state of it that will be read."""

from dataclasses import dataclass

from transformermodel_predictor.sources.source import Resolved, Source


@dataclass(frozen=True)
class Pinned:
    """A source and the state of it that will be read.

    Attributes:
        origin: its uri as it may be shown.
    """

    origin: str
    source: Source
    resolved: Resolved
