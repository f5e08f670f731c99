"""The interface to a model's embedding output: reading it, and replacing it by a tensor to differentiate by."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch
from torch import nn


class NotDifferentiable(Exception):
    """The model has no gradient with respect to its embeddings; the message says why."""


class EmbeddingOutput(Protocol):
    """A model's embedding output. Hooks are registered on this model only, and only during a pass."""

    def read(self, ids: torch.Tensor, run: Callable[[], object]) -> torch.Tensor:
        """The embeddings of token ids, [rows, tokens, width].

        Args:
            ids: int64 [rows, tokens].
            run: a forward pass over them; it may be aborted early, or not be called.

        Raises:
            NotDifferentiable: the forward pass does not call the embeddings.
        """
        ...

    def replaced(self, embedded: torch.Tensor, ids: torch.Tensor) -> AbstractContextManager[None]:
        """Replace the embedding output in forward passes inside the `with` block.

        Args:
            embedded: the replacement, [rows, tokens, width].
            ids: the token ids of the pass, int64 [rows, tokens]; more than `embedded` has where they are padded.

        Raises:
            NotDifferentiable: the model did not read the whole text from these embeddings.
        """
        ...


Hook = Callable[[nn.Module, tuple[Any, ...], Mapping[str, Any], Any], Any]
"""A forward hook with keyword arguments: (module, args, kwargs, output) to a new output, or None to keep it."""


@contextmanager
def hooked(modules: Iterable[nn.Module], hook: Hook) -> Iterator[None]:
    """Register a forward hook on modules inside the `with` block."""
    handles = [module.register_forward_hook(hook, with_kwargs=True) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def tensor_of(output: Any) -> torch.Tensor:  # noqa: ANN401 - a tensor, or a tuple with it
    """The tensor that an embeddings module returned, alone or as the first of a tuple.

    Raises:
        NotDifferentiable: it returned something else.
    """
    first = output[0] if isinstance(output, tuple) else output
    if not isinstance(first, torch.Tensor):
        raise NotDifferentiable(f"embeddings return {type(first).__name__}")
    return first
