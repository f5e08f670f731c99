"""The differentiable twin of any model with embeddings: rows of equal length run as one batch, without padding."""

import inspect
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.engines.alike import run_alike
from transformermodel_predictor.engines.end_tokens import count_end_tokens, end_token_of
from transformermodel_predictor.engines.fewest import fewest_tokens
from transformermodel_predictor.engines.global_attention import (
    GLOBAL_ATTENTION_MASK,
    counts_separators,
    global_attention,
)
from transformermodel_predictor.engines.packed.model import first_position
from transformermodel_predictor.engines.padding import pad_token_of
from transformermodel_predictor.explanations.embedding_choice import embeddings_of
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.gradients import differentiate, not_recording, recording, results_of_row
from transformermodel_predictor.explanations.objectives import ContinuationLogProbability
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.target import Objective
from transformermodel_predictor.tasks.task import Encoding

_REVERSIBLE = frozenset({"reformer"})
"""Values of `model_type` of reversible models, which recompute activations in the backward pass.

transformers implements that in training mode only, where dropout makes the outputs random."""

_KEPT = "logits_to_keep"
"""Parameter of language models' forward: number of last tokens to compute logits of, 0 for all."""


class PlainTwin:
    """Runs gradient rows through an unmodified transformers model. Implements `Twin`.

    Interpolation steps of one text all have its length, so batches need no padding.

    Args:
        model: in evaluation mode; not used by anyone else, though weights may be shared; in float32 or float64.

    Raises:
        NotDifferentiable: the model has no token embeddings, or has gradients only in training mode.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        if model.config.model_type in _REVERSIBLE:
            raise NotDifferentiable(f"{type(model).__name__} has gradients only while it is trained")
        self._model = model.requires_grad_(requires_grad=False)
        self._embeddings = embeddings_of(model)
        self._accepted = frozenset(inspect.signature(model.forward).parameters)
        self._first_position = first_position(model)
        self._counts_separators = counts_separators(model)
        self._fewest = fewest_tokens(model)
        self._filler = pad_token_of(model) or 0
        self._end = end_token_of(model.config)
        if _KEPT in self._accepted and (head := model.get_output_embeddings()) is not None:  # type: ignore[no-untyped-call]
            head.register_forward_pre_hook(_contiguous)

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """See `Twin.embed`."""
        with not_recording():
            features = self._features([encoding])
            return self._embeddings.read(features["input_ids"], lambda: self._model(**features))[0][: len(encoding)]

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One forward pass per row length, and one backward pass per objective of a row.

        Raises:
            NotDifferentiable: an objective does not depend on the embeddings.
        """
        cut = [_without_unread_tokens(row) for row in rows]
        results = run_alike(cut, self._alike, self._run)
        return [_padded_to_row(result, row) for result, row in zip(results, rows, strict=True)]

    def _alike(self, row: GradientRow) -> Hashable:
        """Number of end tokens, if the model looks for them, length, and names of the features."""
        ends = None if self._end is None else count_end_tokens(row.encoding, self._end)
        return ends, len(row.encoding), *row.encoding.features

    def _run(self, rows: Sequence[GradientRow]) -> list[Result]:
        features = self._features([row.encoding for row in rows])
        if _KEPT in self._accepted:
            rows, features[_KEPT] = _with_last_logits(rows)
        with recording():
            embedded = torch.stack([row.embedded for row in rows]).to(self._model.device).requires_grad_()
            with self._embeddings.replaced(embedded, features["input_ids"]):
                output = self._model(**features)
            tensors = {name: value for name, value in output.items() if isinstance(value, torch.Tensor)}
            outputs = [{name: value[index] for name, value in tensors.items()} for index in range(len(rows))]
            values, gradients = differentiate(rows, outputs, embedded)
        parts = zip(*(gradient.cpu() for gradient in gradients), strict=True)
        return list(map(results_of_row, values, parts))

    def _features(self, batch: Sequence[Encoding]) -> dict[str, Any]:
        """The forward call's arguments for encodings of one length; tensors are int64 [rows, length].

        They are padded where the model needs a minimum number of tokens.

        Positions are passed where the model accepts them: some models derive them from the tokens that are not padding,
        which would give a baseline of padding tokens other positions than the text.
        """
        rows, device = len(batch), self._model.device
        missing = max(self._fewest - len(batch[0]), 0)
        length = len(batch[0]) + missing
        arguments: dict[str, Any] = {
            name: torch.tensor(
                [[*encoding.features[name], *[self._fill(name)] * missing] for encoding in batch], device=device
            )
            for name in batch[0].features
            if name in self._accepted
        }
        mask = [1] * len(batch[0]) + [0] * missing
        arguments["attention_mask"] = torch.tensor([mask] * rows, device=device)
        if self._counts_separators:
            masks = [global_attention(encoding) for encoding in batch]
            arguments[GLOBAL_ATTENTION_MASK] = torch.tensor(masks, device=device)
        if "position_ids" in self._accepted:
            positions = torch.arange(self._first_position, self._first_position + length, device=device)
            arguments["position_ids"] = positions.expand(rows, length)
        if "use_cache" in self._accepted:
            arguments["use_cache"] = False
        return arguments

    def _fill(self, feature: str) -> int:
        return self._filler if feature == "input_ids" else 0


def _contiguous(_: nn.Module, hidden: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Copy the last tokens' hidden states into a contiguous matrix: PyTorch multiplies a slice row by row.

    Those products with the vocabulary, forward and backward, took 30 % of a pass of SmolLM2.
    """
    return tuple(states.contiguous() for states in hidden)


def _without_unread_tokens(row: GradientRow) -> GradientRow:
    """The row without the tokens after the last position its objectives read, which a causal model cannot see there."""
    positions = _positions(row)
    if positions is None:
        return row
    end = max(positions) + 1
    features = {name: values[:end] for name, values in row.encoding.features.items()}
    return replace(row, encoding=Encoding(features), embedded=row.embedded[:end])


def _padded_to_row(result: Result, row: GradientRow) -> Result:
    """The result with zero gradients for tokens that were cut off."""
    if result.gradient is None or len(result.gradient) == len(row.embedded):
        return result
    unseen = len(row.embedded) - len(result.gradient)
    return replace(
        result,
        gradient=torch.nn.functional.pad(result.gradient, (0, 0, 0, unseen)),
        further=tuple(_padded_to_row(one, row) for one in result.further),
    )


def _with_last_logits(rows: Sequence[GradientRow]) -> tuple[Sequence[GradientRow], int]:
    """Rows whose objectives index only the last tokens' logits, and the number of those tokens; 0 for all tokens.

    The logits of a whole prompt, over a language model's vocabulary, cost as much as several layers.
    """
    read = [positions for row in rows if (positions := _positions(row)) is not None]
    if len(read) < len(rows):
        return rows, 0
    first = min(map(min, read))
    kept = [
        replace(row, objective=_after(row.objective, first), further=tuple(_after(one, first) for one in row.further))
        for row in rows
    ]
    return kept, len(rows[0].encoding) - first


def _positions(row: GradientRow) -> list[int] | None:
    """The positions whose logits the objectives read; None if an objective may read all of them."""
    objectives = [objective for objective in row.objectives if isinstance(objective, ContinuationLogProbability)]
    if len(objectives) < len(row.objectives):
        return None
    return [position for objective in objectives for position in objective.positions]


def _after(objective: Objective, tokens: int) -> Objective:
    return objective.after(tokens) if isinstance(objective, ContinuationLogProbability) else objective
