"""What tokens say that nobody remembers the text of: handlers may tokenize by themselves."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.tasks.task import Alignment, Encoding
from transformermodel_predictor.torchserve.ancestor.framing import framing_tokens


def read_back(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> tuple[Encoding, list[str]]:
    """An encoding of tokens, and the texts that they write: one, or two with special tokens between them.

    Offsets are those in the texts as the tokenizer writes them, which may differ from what was read in case and spaces.
    """
    texts = _texts(tokens, framing_tokens(tokenizer))
    spelled = [str(token) for token in tokenizer.convert_ids_to_tokens(list(tokens))]
    offsets, written = [(0, 0)] * len(tokens), []
    for number in range(1 + max((text for text in texts if text is not None), default=-1)):
        places = [place for place, text in enumerate(texts) if text == number]
        text, begun = "", 0
        for count, place in enumerate(places, start=1):
            text = str(tokenizer.convert_tokens_to_string([spelled[at] for at in places[:count]]))
            offsets[place] = (min(begun, len(text)), len(text))
            begun = len(text)
        written.append(text)
    features = {"input_ids": list(tokens)}
    if "token_type_ids" in tokenizer.model_input_names:
        features["token_type_ids"] = _types(texts)
    words = [None if text is None else place for place, text in enumerate(texts)]
    return Encoding(features, alignment=Alignment(texts, offsets, words, spelled)), written


def _texts(tokens: Sequence[int], special: frozenset[int]) -> list[int | None]:
    """Which text each token stands in; the second begins after special tokens that follow the first."""
    texts: list[int | None] = []
    number, inside = -1, False
    for token in tokens:
        if token in special:
            inside = False
            texts.append(None)
            continue
        if not inside and number < 1:
            number += 1
        inside = True
        texts.append(number)
    return texts


def _types(texts: Sequence[int | None]) -> list[int]:
    """As BERT counts them: the second text with what closes it is 1."""
    types, current = [], 0
    for text in texts:
        current = text if text is not None else current
        types.append(current)
    return types
