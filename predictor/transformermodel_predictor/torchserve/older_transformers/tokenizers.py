"""Restores methods of tokenizers that transformers 5 no longer has."""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.older_transformers.keywords import OLDER, PAD, current_keywords
from transformermodel_predictor.torchserve.older_transformers.log_once import log_replacement
from transformermodel_predictor.torchserve.older_transformers.special_tokens import SpecialTokens, special_tokens_of
from transformermodel_predictor.torchserve.older_transformers.truncation import truncated

Tokenizer = Any
"""transformers.PreTrainedTokenizerBase, which is not imported here."""


def change_tokenizers(module: ModuleType) -> None:
    """Add older methods to the base class of all tokenizers; a class that has its own keeps it.

    Args:
        module: transformers.tokenization_utils_base.
    """
    base: Any = module.PreTrainedTokenizerBase
    for name in ("__call__", "encode"):
        setattr(base, name, _with_older_keywords(getattr(base, name)))
    methods: dict[str, object] = {
        "encode_plus": encode_plus,
        "batch_encode_plus": batch_encode_plus,
        "prepare_for_model": functools.partialmethod(prepare_for_model, module.BatchEncoding),
        "build_inputs_with_special_tokens": build_inputs_with_special_tokens,
        "create_token_type_ids_from_sequences": create_token_type_ids_from_sequences,
        "as_target_tokenizer": as_target_tokenizer,
        "prepare_seq2seq_batch": prepare_seq2seq_batch,
        "additional_special_tokens": property(_additional, _set_additional),
        "additional_special_tokens_ids": property(_additional_ids),
    }
    for name, method in methods.items():
        if not hasattr(base, name):
            setattr(base, name, method)


def _with_older_keywords(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.wraps(method)
    def called(self: Tokenizer, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - as the method
        older = OLDER & keywords.keys()
        if not older:
            return method(self, *arguments, **keywords)
        for name in sorted(older):
            replacement = "padding='max_length' or 'longest'" if name == PAD else "truncation"
            log_replacement(name, f"{replacement} takes its place")
        bound = signature.bind_partial(self, *arguments)
        named = {name: value for name, value in bound.arguments.items() if name != "self"}
        return method(self, **current_keywords({**named, **keywords}))

    return called


def encode_plus(self: Tokenizer, text: Any, text_pair: Any = None, **keywords: Any) -> Any:  # noqa: ANN401
    """One text or one pair: strings, or lists of tokens or of their ids; two strings in a list are a pair."""
    log_replacement("encode_plus", "the tokenizer is called itself")
    if text_pair is None and self.is_fast and _is_pair(text, split=False):
        text, text_pair = text
    if not keywords.get("is_split_into_words") and isinstance(text, list | tuple):
        given = {name: value for name, value in keywords.items() if name != "is_split_into_words"}
        pair = None if text_pair is None else _ids(self, text_pair)
        return self.prepare_for_model(_ids(self, text), pair, prepend_batch_axis=True, **given)
    return self(text, text_pair, **keywords)


def batch_encode_plus(self: Tokenizer, batch_text_or_text_pairs: Sequence[Any], **keywords: Any) -> Any:  # noqa: ANN401
    """Several texts, or several pairs of them."""
    log_replacement("batch_encode_plus", "the tokenizer is called itself")
    rows = list(batch_text_or_text_pairs)
    split = bool(keywords.get("is_split_into_words"))
    if rows and all(_is_pair(row, split=split) for row in rows):
        return self([row[0] for row in rows], [row[1] for row in rows], **keywords)
    return self(rows, **keywords)


def prepare_for_model(
    self: Tokenizer,
    batch_encoding: Callable[..., Any],
    ids: Sequence[int],
    pair_ids: Sequence[int] | None = None,
    add_special_tokens: bool = True,
    stride: int = 0,
    return_tensors: str | None = None,
    return_token_type_ids: bool | None = None,
    return_attention_mask: bool | None = None,
    return_special_tokens_mask: bool = False,
    return_length: bool = False,
    prepend_batch_axis: bool = False,
    **keywords: Any,  # noqa: ANN401 - padding and truncation, in today's words or the older ones
) -> Any:  # noqa: ANN401 - transformers.BatchEncoding
    """Ids of one text or one pair with special tokens, cut and padded."""
    log_replacement("prepare_for_model", "special tokens, truncation and padding are put together for it")
    padding, truncation, max_length, _ = self._get_padding_truncation_strategies(
        **{name: value for name, value in current_keywords(keywords).items() if value is not None}
    )
    special = special_tokens_of(self, pair=pair_ids is not None) if add_special_tokens else SpecialTokens()
    first, second = list(ids), None if pair_ids is None else list(pair_ids)
    if max_length is not None and truncation.value != "do_not_truncate":
        over = len(first) + len(second or ()) + len(special) - max_length
        first, second = truncated(first, second, over, truncation.value, self.truncation_side)
    encoded: dict[str, Any] = {"input_ids": special.around(first, second)}
    if return_token_type_ids or (return_token_type_ids is None and "token_type_ids" in self.model_input_names):
        encoded["token_type_ids"] = special.types(first, second)
    if return_special_tokens_mask:
        encoded["special_tokens_mask"] = special.mask(first, second)
    padded = self.pad(
        encoded,
        padding=padding.value,
        max_length=max_length,
        pad_to_multiple_of=keywords.get("pad_to_multiple_of"),
        return_attention_mask=return_attention_mask,
    )
    if return_length:
        padded["length"] = len(padded["input_ids"])
    return batch_encoding(
        dict(padded), tensor_type=return_tensors, prepend_batch_axis=prepend_batch_axis and return_tensors is not None
    )


def build_inputs_with_special_tokens(
    self: Tokenizer, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
) -> list[int]:
    """Ids of one text or one pair with the tokenizer's special ones around them."""
    log_replacement("build_inputs_with_special_tokens", "they are put where the tokenizer itself puts them")
    special = special_tokens_of(self, pair=token_ids_1 is not None)
    return special.around(list(token_ids_0), None if token_ids_1 is None else list(token_ids_1))


def create_token_type_ids_from_sequences(
    self: Tokenizer, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
) -> list[int]:
    """The token type id of each token of `build_inputs_with_special_tokens`."""
    log_replacement("create_token_type_ids_from_sequences", "they are those that the tokenizer itself gives")
    special = special_tokens_of(self, pair=token_ids_1 is not None)
    return special.types(list(token_ids_0), None if token_ids_1 is None else list(token_ids_1))


def prepare_seq2seq_batch(
    self: Tokenizer,
    src_texts: Sequence[str],
    tgt_texts: Sequence[str] | None = None,
    max_length: int | None = None,
    max_target_length: int | None = None,
    padding: str | bool = "longest",
    return_tensors: str | None = None,
    truncation: bool = True,
    **keywords: Any,  # noqa: ANN401 - of the tokenizer itself
) -> Any:  # noqa: ANN401 - transformers.BatchEncoding
    """Encode source texts, and target texts as `labels`."""
    log_replacement("prepare_seq2seq_batch", "the tokenizer is called itself, with text_target")
    keywords |= {"padding": padding, "truncation": truncation, "return_tensors": return_tensors}
    read = self(src_texts, max_length=max_length, **keywords)
    if tgt_texts is not None:
        longest = max_length if max_target_length is None else max_target_length
        read["labels"] = self(text_target=tgt_texts, max_length=longest, **keywords)["input_ids"]
    return read


@contextmanager
def as_target_tokenizer(self: Tokenizer) -> Iterator[None]:
    """Tokenize target texts instead of source texts within the context."""
    log_replacement("as_target_tokenizer", "text_target takes its place")
    switch_over, switch_back = (
        getattr(self, name, lambda: None) for name in ("_switch_to_target_mode", "_switch_to_input_mode")
    )
    switch_over()
    self._in_target_context_manager = True
    try:
        yield
    finally:
        self._in_target_context_manager = False
        switch_back()


def _additional(self: Tokenizer) -> list[str]:
    log_replacement("additional_special_tokens", "extra_special_tokens takes its place")
    tokens: list[str] = self.extra_special_tokens
    return tokens


def _set_additional(self: Tokenizer, tokens: Sequence[str] | None) -> None:
    log_replacement("additional_special_tokens", "extra_special_tokens takes its place")
    self.extra_special_tokens = tokens


def _additional_ids(self: Tokenizer) -> list[int]:
    ids: list[int] = self.convert_tokens_to_ids(_additional(self))
    return ids


def _ids(tokenizer: Tokenizer, tokens: Sequence[Any]) -> list[int]:
    if tokens and isinstance(tokens[0], str):
        ids: list[int] = tokenizer.convert_tokens_to_ids(list(tokens))
        return ids
    return list(tokens)


def _is_pair(row: object, *, split: bool) -> bool:
    """Whether a row is a pair: two texts, or two lists of words if `split`."""
    if not isinstance(row, list | tuple) or len(row) != 2:
        return False
    return all(isinstance(part, list | tuple if split else str) for part in row)
