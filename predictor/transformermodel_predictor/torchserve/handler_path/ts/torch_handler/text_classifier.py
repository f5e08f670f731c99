"""The default handler `text_classifier`."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ts.handler_utils.text_utils import ngrams_iterator
from ts.torch_handler.bag_attribution import bag_attributions, of_words
from ts.torch_handler.compilation import original
from ts.torch_handler.explained_row import input_of
from ts.torch_handler.explained_target import require_output
from ts.torch_handler.text_handler import TextHandler
from ts.utils.labels import map_class_to_label

_UNKNOWN = "<unk>"


class TextClassifier(TextHandler):
    """Answers each text with the probabilities of all classes, by label.

    The model is called with the indices of all texts' words and n-grams and the offset of each text, like an
    EmbeddingBag.

    Attributes:
        ngrams: length of the longest n-gram.
    """

    ngrams: int = 2

    def preprocess(self, data: Sequence[Any]) -> tuple[Any, Any]:
        """Convert texts to indices.

        Args:
            data: [N] rows, each a text in UTF-8.

        Returns:
            For one row its indices, int64 [entries], and its words; for several rows a list of each. A word that is not
            in the vocabulary gets the index of `<unk>`, or 0 without one.
        """
        self.input_text = [_text(row) for row in data]
        rows = [self._indices(text) for text in self.input_text]
        if len(rows) == 1:
            return rows[0]
        return [indices for indices, _ in rows], [words for _, words in rows]

    def _indices(self, text: str) -> tuple[torch.Tensor, list[str]]:
        cleaned = self._expand_contractions(self._remove_html_tags(text).lower())
        cleaned = self._remove_punctuation(self._remove_accented_characters(cleaned))
        words = self._tokenize(cleaned)
        entries = [self._index(entry) for entry in ngrams_iterator(words, self.ngrams)]
        return torch.tensor(entries, dtype=torch.int64, device=self.device), words

    def _index(self, entry: str) -> int:
        vocabulary = self.source_vocab
        if isinstance(vocabulary, Mapping):
            return int(vocabulary.get(entry, vocabulary.get(_UNKNOWN, 0)))
        return int(vocabulary[entry])

    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the model on what `preprocess` returns: logits [N, classes]."""
        indices = data[0]
        bags = indices if isinstance(indices, list) else [indices]
        lengths = torch.tensor([0, *(len(bag) for bag in bags[:-1])], dtype=torch.int64, device=self.device)
        return super().inference(torch.cat(bags), lengths.cumsum(0), *args, **kwargs)

    def postprocess(self, data: torch.Tensor) -> list[dict[str, float]]:
        """The probabilities of all classes by label, [N]."""
        return map_class_to_label(torch.softmax(data, dim=1).tolist(), self.mapping)

    def get_insights(self, text_preprocess: tuple[torch.Tensor, list[str]], _: Any, target: Any = 0) -> list[Any]:
        """How much every word contributes to a class, by integrated gradients from a text of unknown words.

        Args:
            text_preprocess: one text's indices and words.
            target: the class's index.

        Returns:
            [1]: `words`, and `importances` [1][words] with a Euclidean norm of 1.

        Raises:
            InvalidTarget: the model has no such class.
        """
        indices, words = text_preprocess
        if not words:
            return [{"importances": [[]], "words": []}]
        embedding = self._embedding()
        model, offsets = original(self.model), torch.zeros(1, dtype=torch.int64, device=indices.device)
        with torch.no_grad():
            require_output(target, model(indices, offsets))
        if isinstance(embedding, nn.EmbeddingBag):
            of_entries = bag_attributions(model, embedding, indices, target)
        else:
            found = self.lig.attribute(indices, additional_forward_args=(offsets,), target=target)
            of_entries = found.reshape(len(indices), -1).sum(dim=1)
        shares = torch.tensor(of_words(of_entries.tolist(), len(words), self.ngrams))
        return [{"importances": [self.summarize_attributions(shares.unsqueeze(1)).tolist()], "words": words}]


def _text(row: Any) -> str:
    given = input_of(row)
    return given.decode() if isinstance(given, bytes | bytearray) else str(given)
