"""Texts to token ids, unpadded, with what did not fit counted."""

from collections.abc import Iterator, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from transformermodel_api.errors import UserError
from transformermodel_predictor.tasks.task import Alignment, Encoding

TextAndPair = tuple[str, str | None]

_MADE_BY_THE_ENGINE = "attention_mask"


def encode_texts(tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair], max_length: int) -> list[Encoding]:
    """Tokenize texts, each alone or with its pair, and cut those longer than `max_length` tokens.

    A pair loses tokens from whichever of its texts is longer at that moment. A fast tokenizer keeps its truncation as
    state, so one tokenizer is used by one thread at a time.
    """
    encodings: dict[int, Encoding] = {}
    for group in _alike(rows):
        texts = [rows[index] for index in group]
        encodings.update(zip(group, _tokenize(tokenizer, texts, None), strict=True))
    for index in [index for index, encoding in encodings.items() if len(encoding) > max_length]:
        (cut,) = _tokenize(tokenizer, [rows[index]], max_length)
        encodings[index] = Encoding(cut.features, truncated=len(encodings[index]) - len(cut))
    return [encodings[index] for index in range(len(rows))]


def encode_aligned(tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair]) -> list[Encoding]:
    """Tokenize texts, each alone or with its pair, however long, with their alignment.

    Raises:
        UserError: the tokenizer is one of the few that do not know where in a text their tokens stand.
    """
    encodings: dict[int, Encoding] = {}
    for group in _alike(rows):
        encodings.update(zip(group, _tokenize(tokenizer, [rows[i] for i in group], None, aligned=True), strict=True))
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
) -> list[Encoding]:
    pairs = [pair for _, pair in rows if pair is not None]
    tokens = tokenizer(
        [text for text, _ in rows],
        pairs or None,
        padding=False,
        truncation="longest_first" if max_length else False,
        max_length=max_length,
        return_attention_mask=False,
        verbose=False,  # the warning about long texts: they are cut by a second call
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
