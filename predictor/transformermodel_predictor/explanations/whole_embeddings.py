"""An encoder's whole embeddings module: token, token type and position embeddings, and the layer norm after them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from transformermodel_predictor.explanations.embeddings import NotDifferentiable, hooked, tensor_of


class WholeEmbeddings:
    """The output of the embeddings module. Implements `EmbeddingOutput`.

    Args:
        module: the embeddings, called once per forward pass.
        name: of the model's class, for messages.
    """

    def __init__(self, module: nn.Module, name: str) -> None:
        self._module = module
        self._name = name

    def read(self, ids: torch.Tensor, run: Callable[[], object]) -> torch.Tensor:
        """See `EmbeddingOutput`; the pass is aborted after the embeddings."""

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
        """See `EmbeddingOutput`; padding at the end is kept, such as Longformer's up to whole windows."""
        calls = 0

        def replace(*called: Any) -> Any:  # noqa: ANN401 - a tensor, or a tuple with it
            nonlocal calls
            calls += 1
            output = called[-1]
            new_output = torch.cat([embedded, tensor_of(output)[:, embedded.shape[1] :]], dim=1)
            return (new_output, *output[1:]) if isinstance(output, tuple) else new_output

        with hooked([self._module], replace):
            yield
        if calls != 1:
            raise NotDifferentiable(f"{self._name} calls its embeddings {calls} times in one pass")


class _Reached(BaseException):
    """Aborts a forward pass after the embeddings; not an Exception, so that no handler in the model catches it."""

    def __init__(self, embedded: torch.Tensor) -> None:
        super().__init__()
        self.embedded = embedded
