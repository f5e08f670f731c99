"""What is told of a text while it is generated. Pure data."""

from dataclasses import dataclass
from enum import StrEnum


class FinishReason(StrEnum):
    """Why a text ends, in OpenAI's words."""

    Stop = "stop"
    Length = "length"


@dataclass(frozen=True)
class Certainty:
    """How sure the model was of a token, before any sampling.

    Attributes:
        probability: of the token.
        lead: of the likeliest token over the next one, as a difference of probabilities.
    """

    probability: float
    lead: float


@dataclass(frozen=True)
class ScoredToken:
    """A token that the model held possible.

    Attributes:
        spelling: what it writes, in UTF-8; it may be part of a character.
        logprob: natural logarithm of its probability by the model alone, before penalties, temperature, top_k and
            top_p.
    """

    spelling: bytes
    logprob: float


@dataclass(frozen=True)
class Score:
    """One place in a text.

    Attributes:
        chosen: the token that was taken.
        likeliest: the likeliest ones, the best first; as many as were asked for.
        offset: where the token begins in the generated text, in code points.
    """

    chosen: ScoredToken
    likeliest: tuple[ScoredToken, ...]
    offset: int


@dataclass(frozen=True)
class Piece:
    """What one more token adds.

    Attributes:
        token: the token.
        text: the text that became certain with it; often empty.
        finish_reason: why it is the last; None where more follow.
        certainty: where it is wanted.
        scores: of the tokens that wrote the text, where they are wanted; a token that writes a stop string has none.
    """

    token: int
    text: str
    finish_reason: FinishReason | None = None
    certainty: Certainty | None = None
    scores: tuple[Score, ...] = ()
