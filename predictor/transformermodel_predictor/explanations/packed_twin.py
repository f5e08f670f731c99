"""The differentiable twin of an encoder that supports packing: rows of any length run as one concatenated sequence."""

from collections.abc import Sequence

import torch

from transformermodel_predictor.engines.packed.model import PackedModel
from transformermodel_predictor.explanations.embedding_choice import embeddings_of
from transformermodel_predictor.explanations.gradients import differentiate, not_recording, recording, results_of_row
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.tasks.task import Encoding


class PackedTwin:
    """Runs gradient rows packed. Implements `Twin`.

    In float32 with the model's own linear layers: oneDNN's prepacked weights bring nothing from 256 tokens on, which a
    few steps have. bfloat16 would halve the time of a pass, but raises MiniLM's delta from 0.01 % to 1.3 % of the
    objective's change, close to the default tolerance of 2 %.

    Args:
        packed: not used by anyone else, though weights may be shared; in float32 or float64.

    Raises:
        NotDifferentiable: the model has no token embeddings.
    """

    def __init__(self, packed: PackedModel) -> None:
        self._packed = packed
        packed.model.requires_grad_(requires_grad=False)
        self._embeddings = embeddings_of(packed.model)

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """See `Twin.embed`."""
        with not_recording():
            layout, features = self._packed.laid_out([encoding])
            return self._embeddings.read(features["input_ids"], lambda: self._packed.forward(layout, features))[0]

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One forward pass over all rows, and one backward pass per objective of a row.

        Raises:
            NotDifferentiable: an objective does not depend on the embeddings.
        """
        layout, features = self._packed.laid_out([row.encoding for row in rows])
        with recording():
            embedded = torch.cat([rows[index].embedded for index in layout.order]).unsqueeze(0)
            embedded = embedded.to(self._packed.model.device).requires_grad_()
            with self._embeddings.replaced(embedded, features["input_ids"]):
                outputs = self._packed.forward(layout, features)
            values, gradients = differentiate(rows, self._packed.split(layout, outputs), embedded)
        parts = zip(*(layout.split(gradient.cpu()) for gradient in gradients), strict=True)
        return list(map(results_of_row, values, parts))
