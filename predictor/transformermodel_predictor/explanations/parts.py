"""From an attribution to an explanation: normalised importances of tokens and words, with their offsets. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from transformermodel_predictor.explanations.explanation import Attribution, Explanation, Method, Part
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.tasks.places import trimmed
from transformermodel_predictor.tasks.task import Alignment
from transformermodel_predictor.tasks.windows import alignment_of


@dataclass(frozen=True)
class _Token:
    """A token of the text, and the index of its word."""

    part: Part
    word: int


def build_explanation(
    method: Method, target: Target, attribution: Attribution, texts: Mapping[str, str]
) -> Explanation:
    """Build the explanation of a target from its attribution.

    Args:
        method: that computed the attribution.
        target: what was explained.
        attribution: with a value for each token of the target's encoding.
        texts: the question's texts by field, in the order of the encoding's alignment.

    Raises:
        ArithmeticError: a value is not finite.
        ValueError: the number of values differs from that of the tokens.
    """
    values = [
        value for value, word in zip(attribution.values, target.features, strict=True) if word is not None
    ]  # special tokens have no importance
    delta = attribution.delta
    if not all(map(math.isfinite, values)) or (delta is not None and not math.isfinite(delta)):
        raise ArithmeticError(f"the attribution of {target.name!r} by {method} is not finite")
    tokens = _tokens(alignment_of(target.encoding), target.features, normalised(values), texts)
    return Explanation(
        method=method,
        target=target.name,
        score=target.score,
        tokens=tuple(token.part for token in tokens),
        words=_words(tokens, texts),
        delta=delta,
        steps=attribution.steps,
        details=target.details,
        converged=attribution.converged,
    )


def normalised(values: Sequence[float]) -> tuple[float, ...]:
    """Finite values scaled to Euclidean norm 1, or all 0."""
    largest = max(map(abs, values), default=0.0)
    if largest == 0.0:
        return tuple(0.0 for _ in values)
    scaled = [value / largest for value in values]  # squares of the largest floats are infinite
    norm = math.hypot(*scaled)
    return tuple(value / norm for value in scaled)


def _tokens(
    alignment: Alignment,
    features: Sequence[int | None],
    importances: Sequence[float],
    texts: Mapping[str, str],
) -> list[_Token]:
    fields = list(texts.items())
    remaining = iter(importances)
    tokens = []
    for spelling, number, (start, end), word in zip(
        alignment.tokens, alignment.texts, alignment.offsets, features, strict=True
    ):
        if word is None or number is None:
            continue
        name, text = fields[number]
        place = trimmed(text, start, end)
        if place[0] == place[1]:  # a whitespace token keeps the offsets of its space
            place = start, end
        tokens.append(_Token(Part(spelling, name, *place, next(remaining)), word))
    return tokens


def _words(tokens: Sequence[_Token], texts: Mapping[str, str]) -> tuple[Part, ...]:
    return tuple(
        _word([token.part for token in group], texts) for _, group in groupby(tokens, key=lambda token: token.word)
    )


def _word(parts: Sequence[Part], texts: Mapping[str, str]) -> Part:
    field = parts[0].field
    text = texts[field]
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    place = trimmed(text, start, end)
    if place[0] == place[1]:
        place = start, end
    return Part(text[slice(*place)], field, *place, math.fsum(part.importance for part in parts))
