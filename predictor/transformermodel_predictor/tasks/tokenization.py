"""Texts to token ids, unpadded, with what did not fit counted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from transformers import PreTrainedTokenizerBase, TokenizersBackend

from transformermodel_api.errors import UserError
from transformermodel_predictor.tasks.task import Alignment, Encoding, InvalidQuestion

TextAndPair = tuple[str, str | None]

_MADE_BY_THE_ENGINE = "attention_mask"


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair], max_length: int, *, aligned: bool = False
) -> list[Encoding]:
    """Tokenize texts, each alone or with its pair, and cut those longer than `max_length` tokens.

    A pair loses tokens from whichever of its texts is longer at that moment. A fast tokenizer keeps its truncation as
    state, so one tokenizer is used by one thread at a time.

    Args:
        tokenizer: the model's.
        rows: the texts.
        max_length: most tokens of an encoding.
        aligned: whether the encodings have their alignment, which costs more than a short text's tokens.

    Raises:
        UserError: as `encode_aligned`, where the alignment is wanted.
    """
    direct = is_direct(tokenizer) and not aligned
    encodings = _encode_directly(tokenizer, rows) if direct else _encode_alike(tokenizer, rows, aligned=aligned)
    for index, encoding in enumerate(encodings):
        if len(encoding) > max_length:
            alone = rows[index][1] is None
            cut = _cut_directly(tokenizer, encoding, max_length) if direct and alone else None
            if cut is None:
                (cut,) = _tokenize(tokenizer, [rows[index]], max_length, aligned=aligned)
            encodings[index] = replace(cut, truncated=len(encoding) - len(cut))
    return encodings


def encode_aligned(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair], *, special_tokens: bool = True
) -> list[Encoding]:
    """Tokenize texts, each alone or with its pair, however long, with their alignment.

    Args:
        tokenizer: the model's.
        rows: the texts.
        special_tokens: whether the tokenizer adds its own; a chat template has written them already.

    Raises:
        UserError: the tokenizer is one of the few that do not know where in a text their tokens stand.
    """
    return _encode_alike(tokenizer, rows, aligned=True, special_tokens=special_tokens)


def require_tokens(encodings: Sequence[Encoding], questions: Sequence[object]) -> None:
    """Refuse texts of which nothing is left for the model, as an empty one where a tokenizer adds no special tokens.

    Raises:
        InvalidQuestion: the first question of such a text.
    """
    for encoding, question in zip(encodings, questions, strict=True):
        if not len(encoding):
            raise InvalidQuestion("text has no tokens, and the model's tokenizer adds none", question)


def is_direct(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether calling the tokenizer does no more than call the `tokenizers` library, so that it can be called itself.

    So it is for all but the few classes that change a text or its tokens on the way.
    """
    kind = type(tokenizer)
    return (
        isinstance(tokenizer, TokenizersBackend)
        and kind.__call__ is PreTrainedTokenizerBase.__call__
        and kind._encode_plus is TokenizersBackend._encode_plus
        and not hasattr(kind, "_switch_to_input_mode")
    )


def _encode_directly(tokenizer: Any, rows: Sequence[TextAndPair]) -> list[Encoding]:  # noqa: ANN401 - as is_direct says
    """Tokenize without offsets and transformers' containers, which cost more than a short text's tokens."""
    backend = tokenizer.backend_tokenizer
    if backend.truncation is not None:  # as the call before has left it
        backend.no_truncation()
    if backend.padding is not None:
        backend.no_padding()
    backend.encode_special_tokens = tokenizer.split_special_tokens
    encoded = backend.encode_batch_fast([text if pair is None else (text, pair) for text, pair in rows])
    if "token_type_ids" in tokenizer.model_input_names:
        return [Encoding({"input_ids": row.ids, "token_type_ids": row.type_ids}) for row in encoded]
    return [Encoding({"input_ids": row.ids}) for row in encoded]


def _cut_directly(tokenizer: Any, whole: Encoding, max_length: int) -> Encoding | None:  # noqa: ANN401 - as is_direct says
    """A text without a pair cut as the tokenizer cuts it, without the time that all of its tokens take once more.

    None where it cuts at the beginning, or what it adds around a text is not known.
    """
    backend = tokenizer.backend_tokenizer
    added = backend.num_special_tokens_to_add(False)
    special = backend.encode("a").special_tokens_mask
    if tokenizer.truncation_side != "right" or added >= max_length or not sum(special) == added < len(special):
        return None
    behind = special[::-1].index(0)
    return Encoding(
        {
            name: [*values[: max_length - behind], *values[len(values) - behind :]]
            for name, values in whole.features.items()
        }
    )


def _encode_alike(
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[TextAndPair],
    *,
    aligned: bool = False,
    special_tokens: bool = True,
) -> list[Encoding]:
    encodings: dict[int, Encoding] = {}
    for group in _alike(rows):
        texts = [rows[index] for index in group]
        tokenized = _tokenize(tokenizer, texts, None, aligned=aligned, special_tokens=special_tokens)
        encodings.update(zip(group, tokenized, strict=True))
    return [encodings[index] for index in range(len(rows))]


def _alike(rows: Sequence[TextAndPair]) -> Iterator[list[int]]:
    """Positions of the rows that one call of the tokenizer can take: those without a pair, and those with one."""
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
) -> list[Encoding]:
    pairs = [pair for _, pair in rows if pair is not None]
    tokens = tokenizer(
        [text for text, _ in rows],
        pairs or None,
        add_special_tokens=special_tokens,
        padding=False,
        truncation="longest_first" if max_length else False,
        max_length=max_length,
        return_attention_mask=False,
        verbose=False,  # the warning about long texts: they are cut later
    )
    names = [name for name in tokens if name != _MADE_BY_THE_ENGINE]
    features = [{name: tokens[name][row] for name in names} for row in range(len(rows))]
    if not aligned:
        return [Encoding(row) for row in features]
    if tokens.encodings is None:
        raise UserError(
            f"{type(tokenizer).__name__} cannot say where in a text its tokens stand: use a model with a fast tokenizer"
        )
    return [
        Encoding(row, alignment=_alignment(details)) for row, details in zip(features, tokens.encodings, strict=True)
    ]


def _alignment(details: Any) -> Alignment:  # noqa: ANN401 - tokenizers.Encoding, without types
    return Alignment(details.sequence_ids, details.offsets, details.word_ids, details.tokens)
