"""The token embedding tables of a model, wherever in a forward pass the text is looked up in them.

XLNet looks tokens up as [tokens, rows]. An encoder-decoder reads the text in both stacks, in the decoder shifted by one
after a start token; a token's attribution is the sum over both.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.explanations.embeddings import NotDifferentiable, hooked, tensor_of


class TokenEmbeddings:
    """The output of a model's token embedding tables. Implements `EmbeddingOutput`.

    Args:
        model: the twin's, which gets hooks. Where encoder and decoder have separate tables, their outputs are
            concatenated along the width.

    Raises:
        NotDifferentiable: the model has no token embeddings.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._name = type(model).__name__
        self._tables = _tables_of(model)

    def read(self, ids: torch.Tensor, run: Callable[[], object]) -> torch.Tensor:
        """See `EmbeddingOutput`; looks the text up without running the model."""
        return torch.cat([tensor_of(modules[0](ids)) for modules in self._tables], dim=-1)

    @contextmanager
    def replaced(self, embedded: torch.Tensor, ids: torch.Tensor) -> Iterator[None]:
        """See `EmbeddingOutput`; tokens outside of the text keep their embeddings."""
        text = ids[:, : embedded.shape[1]]
        parts = self._parts(embedded, text)
        replaced = 0

        def replace(module: nn.Module, args: tuple[Any, ...], named: Mapping[str, Any], output: Any) -> torch.Tensor:  # noqa: ANN401 - as hooks have it
            nonlocal replaced
            looked_up = args[0] if args else next(iter(named.values()))
            new_output = _new_output(parts[module], text, looked_up, tensor_of(output))
            if new_output is None:
                raise NotDifferentiable(f"{self._name} embeds the tokens of a text in another order")
            replaced += new_output is not output
            return new_output

        with hooked(parts, replace):
            yield
        if not replaced:
            raise NotDifferentiable(f"{self._name} does not call its embeddings")

    def _parts(self, embedded: torch.Tensor, text: torch.Tensor) -> dict[nn.Module, torch.Tensor]:
        """The part of `embedded` that each module returns for the text."""
        if len(self._tables) == 1:
            return dict.fromkeys(self._tables[0], embedded)
        widths = [tensor_of(modules[0](text[:1, :1])).shape[-1] for modules in self._tables]
        parts = zip(self._tables, torch.split(embedded, widths, dim=-1), strict=True)
        return {module: part for modules, part in parts for module in modules}


def _new_output(
    embedded: torch.Tensor, text: torch.Tensor, looked_up: torch.Tensor, output: torch.Tensor
) -> torch.Tensor | None:
    """The output with the text's embeddings replaced; None if the text cannot be located in the lookup.

    Args:
        embedded: the replacement, [rows, tokens, width].
        text: the text's token ids, [rows, tokens].
        looked_up: the token ids of this lookup.
        output: the original output, `looked_up` with a width.
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
    """Whether all tokens are the same, such as those that LED pads its windows with."""
    return bool((tokens == tokens.flatten()[0]).all())


def _tables_of(model: PreTrainedModel) -> list[list[nn.Module]]:
    """The modules that embed tokens, grouped by shared weights."""
    stacks = [model.get_encoder(), model.get_decoder()] if model.config.is_encoder_decoder else [model]  # type: ignore[no-untyped-call]
    tables: dict[int, list[nn.Module]] = {}
    for stack in stacks:
        if (module := _input_embeddings(stack)) is not None:
            tables.setdefault(id(_weight(module)), [module])
    if not tables:
        raise NotDifferentiable(f"{type(model).__name__} has no token embeddings")
    for module in model.modules():
        table = tables.get(id(_weight(module)))
        if isinstance(module, nn.Embedding) and table is not None and module not in table:
            table.append(module)
    return list(tables.values())


def _input_embeddings(stack: PreTrainedModel) -> nn.Module | None:
    try:
        module: object = stack.get_input_embeddings()
    except NotImplementedError:
        return None
    return module if isinstance(module, nn.Module) else None


def _weight(module: nn.Module) -> object:
    """The weight that identifies a table; the module itself where it has none."""
    return getattr(module, "weight", module)
