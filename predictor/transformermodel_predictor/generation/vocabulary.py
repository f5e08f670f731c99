"""Validates token ids against a model's vocabulary. Pure."""

from collections.abc import Sequence

from transformermodel_predictor.tasks.task import InvalidQuestion


def require_tokens(tokens: Sequence[object], vocabulary: int) -> None:
    """Check a prompt's token ids: compiled code would read beyond the embedding table for an invalid one.

    Args:
        tokens: from the client.
        vocabulary: number of token ids.

    Raises:
        InvalidQuestion: a token id is invalid; the message says which.
    """
    for index, token in enumerate(tokens):
        if type(token) is not int or not 0 <= token < vocabulary:
            raise InvalidQuestion(
                f"token {index} of a prompt is none of the model's, which are 0 to {vocabulary - 1}", field="text"
            )
