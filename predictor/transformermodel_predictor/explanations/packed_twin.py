"""The differentiable twin of an encoder that packs: rows of any lengths, of several requests, in one row of tokens."""

from collections.abc import Sequence

import torch

from transformermodel_predictor.engines.packed.model import PackedModel
from transformermodel_predictor.explanations.embedding_choice import embeddings_of
from transformermodel_predictor.explanations.gradients import differentiate, not_recording, recording, results_of_row
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.tasks.task import Encoding


class PackedTwin:
    """Runs a model on packed rows.

    In float32, with the model's own linear layers: weights laid out for oneDNN, which single texts are served with,
    bring nothing from 256 tokens on, and a few steps have as many. In bfloat16 a pass takes half the time, but the
    delta of MiniLM grows from 0.01 % to 1.3 % of the change, and the tolerance for all is 2 %.

    Args:
        packed: the twin's own; its weights may be another's. In float32, or float64.

    Raises:
        NotDifferentiable: the model has no embeddings of tokens.
    """

    def __init__(self, packed: PackedModel) -> None:
        self._packed = packed
        packed.model.requires_grad_(requires_grad=False)
        self._embeddings = embeddings_of(packed.model)

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """What the whole embeddings module returns for an encoding, [tokens, width], without a gradient."""
        with not_recording():
            layout, features = self._packed.laid_out([encoding])
            return self._embeddings.read(features["input_ids"], lambda: self._packed.forward(layout, features))[0]

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One pass forward over all rows, and as many back as a row has objectives.

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
