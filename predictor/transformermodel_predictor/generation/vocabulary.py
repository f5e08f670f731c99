"""Which ids of tokens a model takes. Pure."""

from collections.abc import Sequence

from transformermodel_predictor.tasks.task import InvalidQuestion


def require_tokens(tokens: Sequence[object], vocabulary: int) -> None:
    """Pass where a model has all tokens of a prompt: compiled code reads beyond its embeddings for one that it has not.

    Args:
        tokens: as a client sent them.
        vocabulary: ids are at least 0 and below this.

    Raises:
        InvalidQuestion: one is no such number; the text says which.
    """
    absent = (place for place, token in enumerate(tokens) if type(token) is not int or not 0 <= token < vocabulary)
    for place in absent:
        raise InvalidQuestion(
            f"token {place} of a prompt is none of the model's, which are 0 to {vocabulary - 1}", field="text"
        )
