"""Attributes a model's output to the words of a bag."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


def bag_attributions(model: nn.Module, embedding: nn.EmbeddingBag, indices: torch.Tensor, target: Any) -> torch.Tensor:
    """Integrated gradients of a bag, per entry.

    A bag is a sum or mean of its entries' vectors, and so is every bag on the straight path to it from a text of
    unknown words (index 0). The mean gradient on this path is thus that of every entry, whose share is (its vector -
    that of index 0) times this gradient. The shares add up to the difference between the outputs of the two texts.

    Args:
        model: called with indices and offsets.
        embedding: its first layer, which sums or averages.
        indices: int64 [entries].
        target: the index of the output.

    Returns:
        float32 [entries].
    """
    from captum.attr import LayerIntegratedGradients

    gradients = LayerIntegratedGradients(model, embedding, multiply_by_inputs=False).attribute(
        indices,
        baselines=torch.zeros_like(indices),
        additional_forward_args=(torch.zeros(1, dtype=torch.int64, device=indices.device),),
        target=target,
    )
    vectors = embedding.weight.detach()
    share = 1 / len(indices) if embedding.mode == "mean" else 1.0
    shares: torch.Tensor = ((vectors[indices] - vectors[0]) * gradients.reshape(-1)).sum(dim=1) * share
    return shares


def of_words(attributions: Sequence[float], words: int, ngrams: int) -> list[float]:
    """Attributions of words, from those of words and n-grams; an n-gram's is divided equally among its words.

    Args:
        attributions: of all words, then of all bigrams, and so on, in the order of `ngrams_iterator`.
        words: number of words.
        ngrams: length of the longest n-gram.
    """
    found = [0.0] * words
    given = iter(attributions)
    for length in range(1, ngrams + 1):
        for start in range(words - length + 1):
            part = next(given) / length
            for place in range(start, start + length):
                found[place] += part
    return found
