"""The place in a model where it turns from tokens to numbers: read there, and differentiated with respect to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch
from torch import nn


class NotDifferentiable(Exception):
    """The model has no gradient with respect to its embeddings; the text says why."""


class EmbeddingOutput(Protocol):
    """What a model makes of tokens before all else. Hooks are in this model alone, and only while it runs."""

    def read(self, ids: torch.Tensor, run: Callable[[], object]) -> torch.Tensor:
        """What is made of tokens, [rows, tokens, width].

        Args:
            ids: the tokens, int64 [rows, tokens].
            run: a forward pass over them; it may be ended early, or not be needed.

        Raises:
            NotDifferentiable: the pass did not come by the embeddings.
        """
        ...

    def replaced(self, embedded: torch.Tensor, ids: torch.Tensor) -> AbstractContextManager[None]:
        """Let something else be made of the tokens in the pass that runs meanwhile.

        Args:
            embedded: it, of the shape that is read.
            ids: the tokens of the pass, int64 [rows, tokens]; more than are embedded where they are filled up.

        Raises:
            NotDifferentiable: the model did not take the whole text from there.
        """
        ...


Hook = Callable[[nn.Module, tuple[Any, ...], Mapping[str, Any], Any], Any]
"""Called after a module with its arguments, those with names, and what it returns; it may return something else."""


@contextmanager
def hooked(modules: Iterable[nn.Module], hook: Hook) -> Iterator[None]:
    """Let a hook see, and change, what modules return meanwhile."""
    handles = [module.register_forward_hook(hook, with_kwargs=True) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def tensor_of(output: Any) -> torch.Tensor:  # noqa: ANN401 - a tensor, or a tuple with it
    """What embeddings return, alone or before other things.

    Raises:
        NotDifferentiable: they return something else.
    """
    first = output[0] if isinstance(output, tuple) else output
    if not isinstance(first, torch.Tensor):
        raise NotDifferentiable(f"embeddings return {type(first).__name__}")
    return first
