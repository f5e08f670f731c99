"""Pieces: what is streamed of a text while it is generated. Pure data."""

from dataclasses import dataclass
from enum import StrEnum


class FinishReason(StrEnum):
    """Why a text ends, in the terms of OpenAI's API."""

    Stop = "stop"
    Length = "length"


@dataclass(frozen=True)
class Certainty:
    """How certain the model was of a token, before sampling parameters.

    Attributes:
        probability: of the token.
        lead: difference between the two largest probabilities.
    """

    probability: float
    lead: float


@dataclass(frozen=True)
class ScoredToken:
    """A candidate token with its log-probability.

    Attributes:
        spelling: its text in UTF-8; may be part of a character.
        logprob: natural logarithm of its probability, before penalties, temperature, top_k and top_p.
    """

    spelling: bytes
    logprob: float


@dataclass(frozen=True)
class Score:
    """The scores at one position of a text.

    Attributes:
        chosen: the generated token.
        likeliest: the most likely tokens, best first; as many as requested.
        offset: of the generated token in the generated text, in code points.
    """

    chosen: ScoredToken
    likeliest: tuple[ScoredToken, ...]
    offset: int


@dataclass(frozen=True)
class Piece:
    """What one generated token adds to a text.

    Attributes:
        token: its id.
        text: the text completed by it; empty if it is held back, as part of a character or of a stop string.
        finish_reason: why the text ends; None where more follows.
        certainty: if requested.
        scores: of the tokens of `text`, if requested; tokens of a stop string have none.
    """

    token: int
    text: str
    finish_reason: FinishReason | None = None
    certainty: Certainty | None = None
    scores: tuple[Score, ...] = ()
