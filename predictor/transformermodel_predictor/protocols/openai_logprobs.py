"""Log-probabilities of tokens as OpenAI's API writes them. Pure."""

from collections.abc import Sequence
from typing import Any

from transformermodel_predictor.generation.piece import Score, ScoredToken


def completion_logprobs(scores: Sequence[Score]) -> dict[str, Any]:
    """For a completion: parallel lists, one entry per token. Offsets count from the beginning of the choice's text."""
    return {
        "tokens": [_text(score.chosen) for score in scores],
        "token_logprobs": [score.chosen.logprob for score in scores],
        "top_logprobs": [_by_text([*score.likeliest, score.chosen]) for score in scores],
        "text_offset": [score.offset for score in scores],
    }


def chat_logprobs(scores: Sequence[Score]) -> dict[str, Any]:
    """For a chat message: one object per token."""
    content = [
        {**_document(score.chosen), "top_logprobs": [_document(token) for token in score.likeliest]} for score in scores
    ]
    return {"content": content, "refusal": None}


def _document(token: ScoredToken) -> dict[str, Any]:
    return {"token": _text(token), "logprob": token.logprob, "bytes": list(token.spelling)}


def _by_text(tokens: Sequence[ScoredToken]) -> dict[str, float]:
    """Log-probabilities by text, in the given order; of two tokens with the same text the first one counts."""
    logprobs: dict[str, float] = {}
    for token in tokens:
        logprobs.setdefault(_text(token), token.logprob)
    return logprobs


def _text(token: ScoredToken) -> str:
    """A token's text; if its bytes are not whole characters, the bytes as OpenAI's servers write them."""
    try:
        return token.spelling.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token.spelling)
