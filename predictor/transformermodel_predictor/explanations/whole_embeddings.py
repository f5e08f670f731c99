"""The embeddings of an encoder as a whole: tokens, their types and positions, and the normalization after them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from transformermodel_predictor.explanations.embeddings import NotDifferentiable, hooked, tensor_of


class WholeEmbeddings:
    """What the module of all embeddings returns; implements `EmbeddingOutput`.

    Args:
        module: called once in a pass.
        name: the model's, for messages.
    """

    def __init__(self, module: nn.Module, name: str) -> None:
        self._module = module
        self._name = name

    def read(self, ids: torch.Tensor, run: Callable[[], object]) -> torch.Tensor:
        """See `EmbeddingOutput`; the pass ends at the module."""

        def leave(*called: object) -> None:
            raise _Reached(tensor_of(called[-1]))

        with hooked([self._module], leave):
            try:
                run()
            except _Reached as reached:
                return reached.embedded
        raise NotDifferentiable(f"{self._name} does not call its embeddings")

    @contextmanager
    def replaced(self, embedded: torch.Tensor, ids: torch.Tensor) -> Iterator[None]:
        """See `EmbeddingOutput`; what a model adds at the end stays, as Longformer fills up whole windows."""
        calls = 0

        def replace(*called: Any) -> Any:  # noqa: ANN401 - a tensor, or a tuple with it
            nonlocal calls
            calls += 1
            output = called[-1]
            given = torch.cat([embedded, tensor_of(output)[:, embedded.shape[1] :]], dim=1)
            return (given, *output[1:]) if isinstance(output, tuple) else given

        with hooked([self._module], replace):
            yield
        if calls != 1:
            raise NotDifferentiable(f"{self._name} calls its embeddings {calls} times in one pass")


class _Reached(BaseException):
    """Ends a forward pass that has come far enough; no error, so nothing on the way takes it for one."""

    def __init__(self, embedded: torch.Tensor) -> None:
        super().__init__()
        self.embedded = embedded
