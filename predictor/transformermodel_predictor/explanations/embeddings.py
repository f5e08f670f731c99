"""The place in a model where it turns from tokens to numbers: read there, and differentiated with respect to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel


class NotDifferentiable(Exception):
    """The model has no gradient with respect to its embeddings; the text says why."""


class EmbeddingOutput:
    """What a model's embeddings module returns.

    It is the whole module with token types and positions where a model has one, as encoders have, since a normalization
    follows them there that would be a part of each token's share; else the token embeddings alone. Hooks are in this
    model alone, and only while it runs.

    Args:
        model: a twin's own.

    Raises:
        NotDifferentiable: it has no embeddings of tokens.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._name = type(model).__name__
        self._module = _embeddings_of(model)

    def read(self, run: Callable[[], object]) -> torch.Tensor:
        """What the module returns in a forward pass, [rows, tokens, width]; the pass ends there.

        Raises:
            NotDifferentiable: the pass did not come by the module.
        """

        def leave(_: nn.Module, __: object, output: object) -> None:
            raise _Reached(_tensor(output))

        with _hooked(self._module, leave):
            try:
                run()
            except _Reached as reached:
                return reached.embedded
        raise NotDifferentiable(f"{self._name} does not call its embeddings")

    @contextmanager
    def replaced(self, embedded: torch.Tensor) -> Iterator[None]:
        """Let the module return something else, of the same shape but for what a model itself adds at the end.

        Longformer fills texts up to whole windows of its attention.

        Raises:
            NotDifferentiable: it was not called exactly once meanwhile.
        """
        calls = 0

        def replace(_: nn.Module, __: object, output: Any) -> Any:  # noqa: ANN401 - a tensor, or a tuple with it
            nonlocal calls
            calls += 1
            added = _tensor(output)[:, embedded.shape[1] :]
            given = torch.cat([embedded, added], dim=1) if added.shape[1] else embedded
            return (given, *output[1:]) if isinstance(output, tuple) else given

        with _hooked(self._module, replace):
            yield
        if calls != 1:
            raise NotDifferentiable(f"{self._name} calls its embeddings {calls} times in one pass")


class _Reached(BaseException):
    """Ends a forward pass that has come far enough; no error, so nothing on the way takes it for one."""

    def __init__(self, embedded: torch.Tensor) -> None:
        super().__init__()
        self.embedded = embedded


def _embeddings_of(model: PreTrainedModel) -> nn.Module:
    whole = getattr(model.base_model, "embeddings", None)
    if isinstance(whole, nn.Module):
        return whole
    try:
        tokens: object = model.get_input_embeddings()
    except NotImplementedError:
        tokens = None
    if not isinstance(tokens, nn.Module):
        raise NotDifferentiable(f"{type(model).__name__} has no embeddings of tokens")
    return tokens


@contextmanager
def _hooked(module: nn.Module, hook: Callable[[nn.Module, object, Any], Any]) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _tensor(output: Any) -> torch.Tensor:  # noqa: ANN401 - a tensor, or a tuple with it
    first = output[0] if isinstance(output, tuple) else output
    if not isinstance(first, torch.Tensor):
        raise NotDifferentiable(f"embeddings return {type(first).__name__}")
    return first
