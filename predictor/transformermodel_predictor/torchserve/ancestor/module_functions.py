"""Functions of the ancestor's module that handlers derived from it call."""

import ast
import json
from collections.abc import Mapping
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.torchserve.ancestor.framing import framing_tokens

_BETWEEN_WORDS = ("Ġ", "▁")
"""How tokenizers write a space before a word."""


def captum_sequence_forward(
    inputs: torch.Tensor,
    attention_mask: torch.Tensor | None = None,
    position: int = 0,
    model: Any = None,  # noqa: ANN401 - of any kind
) -> torch.Tensor:
    """One of a model's outputs, as Captum's methods want it.

    Args:
        inputs: token ids, int64 [rows, tokens].
        attention_mask: int64 [rows, tokens].
        position: which output: the logits, or the logits of the start (0) and of the end (1) of an answer.
        model: in transformers' classes, or a traced graph.
    """
    model.eval()
    model.zero_grad()
    output = model(inputs) if attention_mask is None else model(inputs, attention_mask=attention_mask)
    values = list(output.values()) if isinstance(output, Mapping) else list(output)
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    return tensors[position]


def summarize_attributions(attributions: torch.Tensor) -> torch.Tensor:
    """The sum over the width of the embeddings, at the norm 1; 0 where all are 0.

    Args:
        attributions: [1, tokens, width].
    """
    summed = attributions.sum(dim=-1).squeeze(0)
    norm = torch.linalg.vector_norm(summed)
    return summed / norm if norm > 0 else torch.zeros_like(summed)


def construct_input_ref(
    text: str, tokenizer: PreTrainedTokenizerBase, device: torch.device, mode: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids of a text, those of its baseline, in which padding stands for each token, and the mask.

    Args:
        text: what is explained; for question answering an object with `question` and `context`, as JSON or literal.
        tokenizer: the model's.
        device: where the tensors are to be.
        mode: the task, as in model-config.yaml.

    Returns:
        Three tensors, int64 [1, tokens].
    """
    pair = _pair(text) if mode == "question_answering" else None
    first, second = pair or (text, None)
    ids: list[int] = tokenizer(first, second, truncation=True, verbose=False)["input_ids"]
    special = framing_tokens(tokenizer)
    stand_in = next(
        (
            token
            for token in (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.eos_token_id)
            if token is not None
        ),
        0,
    )
    baseline = [token if token in special else stand_in for token in ids]
    inputs = torch.tensor([ids], dtype=torch.int64, device=device)
    return inputs, torch.tensor([baseline], dtype=torch.int64, device=device), torch.ones_like(inputs)


def get_word_token(input_ids: torch.Tensor, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The tokens of a row as people read them.

    Args:
        input_ids: int64 [1, tokens].
        tokenizer: the model's.
    """
    return [readable(str(token)) for token in tokenizer.convert_ids_to_tokens(input_ids[0].tolist())]


def readable(token: str) -> str:
    """A token without the marks that stand for spaces."""
    for mark in _BETWEEN_WORDS:
        token = token.replace(mark, "")
    return token


def _pair(text: str) -> tuple[str, str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if not isinstance(value, Mapping) or not {"question", "context"} <= value.keys():
        return None
    return str(value["question"]), str(value["context"])
