"""Log-probabilities of tokens as OpenAI's API writes them. Pure."""

from collections.abc import Sequence
from typing import Any

from transformermodel_predictor.generation.piece import Score, ScoredToken


def completion_logprobs(scores: Sequence[Score]) -> dict[str, Any]:
    """Of a completion: lists with an entry for each token. Offsets count from the beginning of the choice's text."""
    return {
        "tokens": [_text(score.chosen) for score in scores],
        "token_logprobs": [score.chosen.logprob for score in scores],
        "top_logprobs": [_by_text([*score.likeliest, score.chosen]) for score in scores],
        "text_offset": [score.offset for score in scores],
    }


def chat_logprobs(scores: Sequence[Score]) -> dict[str, Any]:
    """Of a message: an object for each token."""
    content = [
        {**_document(score.chosen), "top_logprobs": [_document(token) for token in score.likeliest]} for score in scores
    ]
    return {"content": content, "refusal": None}


def _document(token: ScoredToken) -> dict[str, Any]:
    return {"token": _text(token), "logprob": token.logprob, "bytes": list(token.spelling)}


def _by_text(tokens: Sequence[ScoredToken]) -> dict[str, float]:
    """The likeliest first, and the chosen token last where it is none of them; of two of one text, the likelier."""
    written: dict[str, float] = {}
    for token in tokens:
        written.setdefault(_text(token), token.logprob)
    return written


def _text(token: ScoredToken) -> str:
    """A token's text; its bytes where they are no whole characters, as OpenAI's servers write them."""
    try:
        return token.spelling.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token.spelling)
