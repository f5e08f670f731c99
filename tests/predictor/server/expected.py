"""What a server is to answer: what its model does."""

from collections.abc import Sequence
from typing import Any

import pytest

from transformermodel_predictor.loading import LoadedModel


def answers_by_name(model: LoadedModel, texts: Sequence[str]) -> dict[str, Any]:
    """Labels and scores of texts as a server's tensors hold them, up to what a batch's padding changes."""
    answers = model.answer([{"text": text} for text in texts])
    return {
        "label": [answer["label"] for answer in answers],
        "score": pytest.approx([answer["score"] for answer in answers], abs=1e-5),
    }
