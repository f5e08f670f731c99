"""Tokenizes texts, without padding, and counts the tokens that truncation removes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformers import PreTrainedTokenizerBase, TokenizersBackend

from transformermodel_api.errors import UserError
from transformermodel_predictor.tasks.cutting import kept_positions
from transformermodel_predictor.tasks.task import Alignment, Encoding, InvalidQuestion

TextAndPair = tuple[str, str | None]

_MADE_BY_ENGINES = "attention_mask"


@dataclass(frozen=True)
class _Tokenized:
    """A tokenized row: our encoding, and the `tokenizers` library's own; None for a slow tokenizer."""

    encoding: Encoding
    details: Any


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair], max_length: int, *, aligned: bool = False
) -> list[Encoding]:
    """Tokenize texts, each alone or with its pair, and cut those longer than `max_length` tokens.

    A pair loses tokens from whichever of its texts is longer at that moment. A fast tokenizer keeps its truncation as
    state, so only one thread at a time may use it.

    Args:
        tokenizer: the model's.
        rows: the texts.
        max_length: most tokens of an encoding.
        aligned: whether to add the alignment, which costs more than tokenizing a short text.

    Raises:
        UserError: the alignment is requested, and the tokenizer cannot give it; see `encode_aligned`.
    """
    direct = is_direct(tokenizer) and not aligned
    tokenized = _encode_directly(tokenizer, rows) if direct else _encode_alike(tokenizer, rows, aligned=aligned)
    return [
        (_whole(each) if aligned else each.encoding)
        if len(each.encoding) <= max_length
        else _cut(tokenizer, row, each, max_length, aligned=aligned)
        for row, each in zip(rows, tokenized, strict=True)
    ]


def encode_aligned(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair], *, special_tokens: bool = True
) -> list[Encoding]:
    """Tokenize texts of any length, each alone or with its pair, with their alignment.

    Args:
        tokenizer: the model's.
        rows: the texts.
        special_tokens: whether to add special tokens; text from a chat template contains them already.

    Raises:
        UserError: the tokenizer is one of the few that do not know the offsets of their tokens.
    """
    tokenized = _encode_alike(tokenizer, rows, aligned=True, special_tokens=special_tokens)
    return [_whole(each) for each in tokenized]


def require_tokens(encodings: Sequence[Encoding], questions: Sequence[object]) -> None:
    """Refuse texts without any tokens, such as an empty one if the tokenizer adds no special tokens.

    Raises:
        InvalidQuestion: a text has no tokens; names the first such question.
    """
    for encoding, question in zip(encodings, questions, strict=True):
        if not len(encoding):
            raise InvalidQuestion("text has no tokens, and the model's tokenizer adds none", question)


def is_direct(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer only wraps the `tokenizers` library, so that the library can be called directly.

    True for all but the few classes that change a text or its tokens on the way.
    """
    kind = type(tokenizer)
    return (
        isinstance(tokenizer, TokenizersBackend)
        and kind.__call__ is PreTrainedTokenizerBase.__call__
        and kind._encode_plus is TokenizersBackend._encode_plus
        and not hasattr(kind, "_switch_to_input_mode")
    )


def _encode_directly(tokenizer: Any, rows: Sequence[TextAndPair]) -> list[_Tokenized]:  # noqa: ANN401 - as is_direct says
    """Tokenize without offsets and transformers' containers, which cost more than tokenizing a short text."""
    backend = tokenizer.backend_tokenizer
    if backend.truncation is not None:  # left by an earlier call
        backend.no_truncation()
    if backend.padding is not None:
        backend.no_padding()
    backend.encode_special_tokens = tokenizer.split_special_tokens
    encoded = backend.encode_batch_fast([text if pair is None else (text, pair) for text, pair in rows])
    if "token_type_ids" in tokenizer.model_input_names:
        return [_Tokenized(Encoding({"input_ids": row.ids, "token_type_ids": row.type_ids}), row) for row in encoded]
    return [_Tokenized(Encoding({"input_ids": row.ids}), row) for row in encoded]


def _cut(
    tokenizer: PreTrainedTokenizerBase, row: TextAndPair, whole: _Tokenized, max_length: int, *, aligned: bool
) -> Encoding:
    """Truncate a row that is too long, as its tokenizer would.

    Only a slow tokenizer does it itself. A fast one would tokenize the text once more and build an encoding of each
    overflowing piece: for a pair, each piece of one text with each of the other, which exhausts the memory.
    """
    length = len(whole.encoding)
    if whole.details is None or len(whole.details) != length:
        (cut,) = _tokenize(tokenizer, [row], max_length, aligned=aligned)
        return replace(_whole(cut) if aligned else cut.encoding, truncated=length - len(cut.encoding))
    kept = kept_positions(whole.details.sequence_ids, max_length, from_end=tokenizer.truncation_side == "left")
    return Encoding(
        {name: [values[position] for position in kept] for name, values in whole.encoding.features.items()},
        truncated=length - len(kept),
        alignment=_alignment_at(tokenizer, whole.details, kept) if aligned else None,
    )


def _alignment_at(tokenizer: PreTrainedTokenizerBase, details: Any, positions: Sequence[int]) -> Alignment:  # noqa: ANN401
    """The alignment of some tokens. Only theirs is fetched: building all lists of a long text holds the GIL long."""
    texts, ids = details.sequence_ids, details.ids
    return Alignment(
        texts=[texts[position] for position in positions],
        offsets=[details.token_to_chars(position) or (0, 0) for position in positions],
        words=[details.token_to_word(position) for position in positions],
        tokens=tokenizer.convert_ids_to_tokens([ids[position] for position in positions]),
    )


def _encode_alike(
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[TextAndPair],
    *,
    aligned: bool = False,
    special_tokens: bool = True,
) -> list[_Tokenized]:
    encodings: dict[int, _Tokenized] = {}
    for group in _alike(rows):
        texts = [rows[index] for index in group]
        tokenized = _tokenize(tokenizer, texts, None, aligned=aligned, special_tokens=special_tokens)
        encodings.update(zip(group, tokenized, strict=True))
    return [encodings[index] for index in range(len(rows))]


def _alike(rows: Sequence[TextAndPair]) -> Iterator[list[int]]:
    """The rows that one call of the tokenizer can take, by index: those without a pair, and those with one."""
    for paired in (False, True):
        group = [index for index, (_, pair) in enumerate(rows) if (pair is not None) is paired]
        if group:
            yield group


def _tokenize(
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[TextAndPair],
    max_length: int | None,
    *,
    aligned: bool = False,
    special_tokens: bool = True,
) -> list[_Tokenized]:
    pairs = [pair for _, pair in rows if pair is not None]
    tokens = tokenizer(
        [text for text, _ in rows],
        pairs or None,
        add_special_tokens=special_tokens,
        padding=False,
        truncation="longest_first" if max_length else False,
        max_length=max_length,
        return_attention_mask=False,
        verbose=False,  # no warning about long texts: they are cut later
    )
    names = [name for name in tokens if name != _MADE_BY_ENGINES]
    features = [{name: tokens[name][row] for name in names} for row in range(len(rows))]
    if aligned and tokens.encodings is None:
        raise UserError(
            f"{type(tokenizer).__name__} does not give the offsets of its tokens: use a model with a fast tokenizer"
        )
    return [
        _Tokenized(Encoding(row), details)
        for row, details in zip(features, tokens.encodings or [None] * len(rows), strict=True)
    ]


def _whole(tokenized: _Tokenized) -> Encoding:
    """A row with the alignment of all its tokens."""
    details = tokenized.details
    alignment = Alignment(details.sequence_ids, details.offsets, details.word_ids, details.tokens)
    return replace(tokenized.encoding, alignment=alignment)
