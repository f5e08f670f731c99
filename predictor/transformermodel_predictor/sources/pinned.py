"""A source pinned to one state."""

from dataclasses import dataclass

from transformermodel_predictor.sources.source import Resolved, Source


@dataclass(frozen=True)
class Pinned:
    """A source, and the state of it that will be read.

    Attributes:
        origin: its uri without secrets.
    """

    origin: str
    source: Source
    resolved: Resolved
