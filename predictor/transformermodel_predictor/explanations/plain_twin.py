"""The differentiable twin of any model with embeddings: rows of one length run together, without padding."""

import inspect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.engines.ends_apart import counted_end, ends_in
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
"""Values of `model_type` of models that keep nothing of a pass forward and compute it anew on the way back.

transformers does so only in training, where what is computed depends on chance."""

_KEPT = "logits_to_keep"
"""Parameter of language models: of how many tokens at the end logits are computed, 0 for all."""


class PlainTwin:
    """Runs a model of transformers as it is. All steps on the way to one text have one length, so nothing is padded.

    Args:
        model: in evaluation mode, and the twin's own; its weights may be another's. In float32, or float64.

    Raises:
        NotDifferentiable: the model has no embeddings of tokens, or gradients only while it is trained.
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
        self._end = counted_end(model.config)
        if _KEPT in self._accepted and (head := model.get_output_embeddings()) is not None:  # type: ignore[no-untyped-call]
            head.register_forward_pre_hook(_contiguous)

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """What the whole embeddings module returns for an encoding, [tokens, width], without a gradient."""
        with not_recording():
            features = self._features([encoding])
            return self._embeddings.read(features["input_ids"], lambda: self._model(**features))[0][: len(encoding)]

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One pass forward for each length of rows, and as many back as a row has objectives.

        Raises:
            NotDifferentiable: an objective does not depend on the embeddings.
        """
        read = [_as_far_as_read(row) for row in rows]
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for index, row in enumerate(read):
            ends = None if self._end is None else ends_in(row.encoding, self._end)
            alike[ends, len(row.encoding), *row.encoding.features].append(index)
        results: dict[int, Result] = {}
        for indices in alike.values():
            results.update(zip(indices, self._run([read[index] for index in indices]), strict=True))
        return [_of_all_tokens(results[index], row) for index, row in enumerate(rows)]

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
        """What the forward call takes for encodings of one length; tensors are int64 [rows, length].

        They are longer where the model can be run on no fewer tokens.

        Positions are given where a model takes them: some would count tokens other than padding, and a baseline of
        padding would have others than the text.
        """
        rows, device = len(batch), self._model.device
        missing = max(self._fewest - len(batch[0]), 0)
        length = len(batch[0]) + missing
        given: dict[str, Any] = {
            name: torch.tensor(
                [[*encoding.features[name], *[self._fill(name)] * missing] for encoding in batch], device=device
            )
            for name in batch[0].features
            if name in self._accepted
        }
        mask = [1] * len(batch[0]) + [0] * missing
        given["attention_mask"] = torch.tensor([mask] * rows, device=device)
        if self._counts_separators:
            masks = [global_attention(encoding) for encoding in batch]
            given[GLOBAL_ATTENTION_MASK] = torch.tensor(masks, device=device)
        if "position_ids" in self._accepted:
            positions = torch.arange(self._first_position, self._first_position + length, device=device)
            given["position_ids"] = positions.expand(rows, length)
        if "use_cache" in self._accepted:
            given["use_cache"] = False
        return given

    def _fill(self, feature: str) -> int:
        return self._filler if feature == "input_ids" else 0


def _contiguous(_: nn.Module, hidden: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """The last tokens' states as a matrix: as a slice of all of them PyTorch would multiply row by row.

    Those products over the vocabulary, forward and back, took 30 % of a pass of SmolLM2.
    """
    return tuple(states.contiguous() for states in hidden)


def _as_far_as_read(row: GradientRow) -> GradientRow:
    """The row without the tokens that a causal model does not see from where the objectives look."""
    looked_at = _positions(row)
    if looked_at is None:
        return row
    end = max(looked_at) + 1
    features = {name: values[:end] for name, values in row.encoding.features.items()}
    return replace(row, encoding=Encoding(features), embedded=row.embedded[:end])


def _of_all_tokens(result: Result, row: GradientRow) -> Result:
    """With gradients of zero for the tokens that were not seen."""
    if result.gradient is None or len(result.gradient) == len(row.embedded):
        return result
    unseen = len(row.embedded) - len(result.gradient)
    return replace(
        result,
        gradient=torch.nn.functional.pad(result.gradient, (0, 0, 0, unseen)),
        further=tuple(_of_all_tokens(one, row) for one in result.further),
    )


def _with_last_logits(rows: Sequence[GradientRow]) -> tuple[Sequence[GradientRow], int]:
    """Rows of one length that look at the logits of the last tokens alone, and of how many; 0 where they look at all.

    Over a vocabulary of a language model the logits of a prompt cost as much as several of its layers.
    """
    looked_at = [positions for row in rows if (positions := _positions(row)) is not None]
    if len(looked_at) < len(rows):
        return rows, 0
    first = min(map(min, looked_at))
    kept = [
        replace(row, objective=_after(row.objective, first), further=tuple(_after(one, first) for one in row.further))
        for row in rows
    ]
    return kept, len(rows[0].encoding) - first


def _positions(row: GradientRow) -> list[int] | None:
    """Where the objectives look, where all of them say so."""
    continued = [one for one in row.objectives if isinstance(one, ContinuationLogProbability)]
    if len(continued) < len(row.objectives):
        return None
    return [position for one in continued for position in one.positions]


def _after(objective: Objective, tokens: int) -> Objective:
    return objective.after(tokens) if isinstance(objective, ContinuationLogProbability) else objective
