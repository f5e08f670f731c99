"""The embeddings of tokens alone, wherever in a pass a text is looked up in them.

XLNet looks up tokens by rows, not rows by tokens. A model with an encoder and a decoder reads a text with both, the
latter one place later, after a token that begins every text; its share in the answer is the sum of both.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.explanations.embeddings import NotDifferentiable, hooked, tensor_of


class TokenEmbeddings:
    """What the tables of a model's token embeddings return; implements `EmbeddingOutput`.

    Args:
        model: a twin's own. Where its decoder has other embeddings than its encoder, both are told side by side.

    Raises:
        NotDifferentiable: it has no embeddings of tokens.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._name = type(model).__name__
        self._tables = _tables_of(model)

    def read(self, ids: torch.Tensor, run: Callable[[], object]) -> torch.Tensor:
        """See `EmbeddingOutput`; the text is looked up, and nothing run."""
        return torch.cat([tensor_of(modules[0](ids)) for modules in self._tables], dim=-1)

    @contextmanager
    def replaced(self, embedded: torch.Tensor, ids: torch.Tensor) -> Iterator[None]:
        """See `EmbeddingOutput`; tokens that are not the text's keep what they have."""
        text = ids[:, : embedded.shape[1]]
        parts = self._parts(embedded, text)
        replaced = 0

        def replace(module: nn.Module, args: tuple[Any, ...], named: Mapping[str, Any], output: Any) -> torch.Tensor:  # noqa: ANN401 - as hooks have it
            nonlocal replaced
            given = _placed(parts[module], text, args[0] if args else next(iter(named.values())), tensor_of(output))
            if given is None:
                raise NotDifferentiable(f"{self._name} embeds the tokens of a text in another order")
            replaced += given is not output
            return given

        with hooked(parts, replace):
            yield
        if not replaced:
            raise NotDifferentiable(f"{self._name} does not call its embeddings")

    def _parts(self, embedded: torch.Tensor, text: torch.Tensor) -> dict[nn.Module, torch.Tensor]:
        """What each module is to return of the text."""
        if len(self._tables) == 1:
            return dict.fromkeys(self._tables[0], embedded)
        widths = [tensor_of(modules[0](text[:1, :1])).shape[-1] for modules in self._tables]
        parts = zip(self._tables, torch.split(embedded, widths, dim=-1), strict=True)
        return {module: part for modules, part in parts for module in modules}


def _placed(
    embedded: torch.Tensor, text: torch.Tensor, looked_up: torch.Tensor, output: torch.Tensor
) -> torch.Tensor | None:
    """What embeddings are to return instead of their output; None where it cannot be told.

    Args:
        embedded: of the text, [rows, tokens, width].
        text: its tokens, [rows, tokens].
        looked_up: the tokens that the model asks for.
        output: what it would get, with another dimension.
    """
    tokens = text.shape[1]
    if looked_up.dim() != text.dim():
        return None
    if _are(looked_up[:, :tokens], text):
        return torch.cat([embedded, output[:, tokens:]], dim=1)
    if _are(looked_up.T[:, :tokens], text):
        return torch.cat([embedded.transpose(0, 1), output[tokens:]])
    if _are(looked_up[:, 1:], text[:, : looked_up.shape[1] - 1]):
        return torch.cat([output[:, :1], embedded[:, : looked_up.shape[1] - 1]], dim=1)
    return output if _is_filler(looked_up) else None


def _are(tokens: torch.Tensor, others: torch.Tensor) -> bool:
    return tokens.shape == others.shape and bool((tokens == others).all())


def _is_filler(tokens: torch.Tensor) -> bool:
    """Whether it is one token again and again, as LED fills up its windows with."""
    return bool((tokens == tokens.flatten()[0]).all())


def _tables_of(model: PreTrainedModel) -> list[list[nn.Module]]:
    """The modules that tokens are embedded with, those of the same weights together."""
    stacks = [model.get_encoder(), model.get_decoder()] if model.config.is_encoder_decoder else [model]  # type: ignore[no-untyped-call]
    tables: dict[int, list[nn.Module]] = {}
    for stack in stacks:
        if (module := _input_embeddings(stack)) is not None:
            tables.setdefault(id(_weight(module)), [module])
    if not tables:
        raise NotDifferentiable(f"{type(model).__name__} has no embeddings of tokens")
    for module in model.modules():
        table = tables.get(id(_weight(module)))
        if isinstance(module, nn.Embedding) and table is not None and module not in table:
            table.append(module)
    return list(tables.values())


def _input_embeddings(stack: PreTrainedModel) -> nn.Module | None:
    try:
        found: object = stack.get_input_embeddings()
    except NotImplementedError:
        return None
    return found if isinstance(found, nn.Module) else None


def _weight(module: nn.Module) -> object:
    """What modules share that embed alike; the module itself where it has no such thing."""
    return getattr(module, "weight", module)
