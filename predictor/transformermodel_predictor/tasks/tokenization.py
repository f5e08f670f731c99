"""Texts to token ids, unpadded, with what did not fit counted."""

from collections.abc import Iterator, Sequence

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.tasks.task import Encoding

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


def _alike(rows: Sequence[TextAndPair]) -> Iterator[list[int]]:
    """Positions of the rows that one call of the tokenizer can take: those without a pair, and those with one."""
    for paired in (False, True):
        group = [index for index, (_, pair) in enumerate(rows) if (pair is not None) is paired]
        if group:
            yield group


def _tokenize(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[TextAndPair], max_length: int | None
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
    return [Encoding({name: tokens[name][row] for name in names}) for row in range(len(rows))]
