"""The base class of handlers whose rows are texts."""

import os
import re
import string
import unicodedata
from abc import ABC
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import nn

from ts.handler_utils.text_utils import get_tokenizer
from ts.torch_handler.base_handler import BaseHandler
from ts.torch_handler.compilation import original
from ts.torch_handler.contractions import CONTRACTION_MAP
from ts.torch_handler.weights import read_pickle
from ts.utils.prediction_exception import PredictionException
from ts.utils.util import CLEANUP_REGEX

_VOCABULARY = "source_vocab.pt"
_CONTRACTIONS = re.compile(
    "|".join(sorted(map(re.escape, CONTRACTION_MAP), key=len, reverse=True)), re.IGNORECASE | re.DOTALL
)
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class TextHandler(BaseHandler, ABC):
    """Turns texts into words and indices of a vocabulary, `source_vocab.pt`.

    Attributes:
        source_vocab: indices by word: a mapping written by `torch.save`.
        tokenizer: splits a text into lower-case words.
        input_text: the unmodified texts of the current batch.
    """

    source_vocab: Any = None
    input_text: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = get_tokenizer("basic_english")

    def initialize(self, context: Any) -> None:
        """Load the model and the vocabulary.

        Raises:
            RuntimeError: the vocabulary is missing or cannot be read.
        """
        super().initialize(context)
        self.source_vocab = _read_vocabulary(self.get_source_vocab_path(context))

    @cached_property
    def lig(self) -> Any:
        """Captum's LayerIntegratedGradients of the model's layer `embedding`.

        Raises:
            PredictionException: status 501, the model has no such layer or no gradients.
        """
        from captum.attr import LayerIntegratedGradients

        return LayerIntegratedGradients(original(self.model), self._embedding())

    def _embedding(self) -> nn.Module:
        embedding = getattr(original(self.model), "embedding", None)
        if not isinstance(embedding, nn.Module):
            raise PredictionException("an explanation needs the layer `embedding`, which this model does not have", 501)
        return embedding

    def get_source_vocab_path(self, ctx: Any) -> str:
        """Path of the vocabulary: the manifest's `sourceVocab`, else `source_vocab.pt`.

        Raises:
            RuntimeError: it does not exist.
        """
        name = ctx.manifest["model"].get("sourceVocab") or _VOCABULARY
        path = os.path.join(str(ctx.system_properties.get("model_dir")), name)
        if not os.path.isfile(path):
            raise RuntimeError(
                f"{path} is missing: a text handler needs its vocabulary among the archive's extra files"
            )
        return path

    def _expand_contractions(self, text: str) -> str:
        """Replace `isn't` by `is not` and so on, keeping the case of the first letter."""
        return _CONTRACTIONS.sub(lambda match: match[0][0] + CONTRACTION_MAP[match[0].lower()][1:], text)

    def _remove_accented_characters(self, text: str) -> str:
        """Replace accented letters by ASCII ones; drop characters without an ASCII equivalent."""
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()

    def _remove_html_tags(self, text: str) -> str:
        """The text without HTML tags and entities."""
        return CLEANUP_REGEX.sub("", text)

    def _remove_punctuation(self, text: str) -> str:
        """The text without punctuation."""
        return text.translate(_NO_PUNCTUATION)

    def _remove_puncutation(self, *args: Any, **kwargs: Any) -> str:
        """The former, misspelled name of `_remove_punctuation`."""
        return self._remove_punctuation(*args, **kwargs)

    def _tokenize(self, text: str) -> list[str]:
        """The words of a text."""
        return list(self.tokenizer(text))

    def get_word_token(self, input_tokens: Sequence[str]) -> list[str]:
        """Tokens without the word-boundary marks that tokenizers prefix them with."""
        return [token.lstrip("Ġ▁") for token in input_tokens]

    def summarize_attributions(self, attributions: torch.Tensor) -> torch.Tensor:
        """Sum the attributions of each token's vector.

        Args:
            attributions: [1, tokens, size] or [tokens, size].

        Returns:
            [tokens]: the sums, scaled to a Euclidean norm of 1; all zeros stay zeros.
        """
        sums = attributions.reshape(-1, attributions.shape[-1]).sum(dim=1)
        norm = torch.linalg.vector_norm(sums)
        return sums / norm if norm > 0 else sums


def _read_vocabulary(path: str) -> Any:
    try:
        return read_pickle(path, "cpu")
    except ImportError as error:
        raise RuntimeError(
            f"{path} was saved with the package {error.name}, which is not installed. Save words and indices as a "
            "plain dict, as `torch.save(vocabulary.get_stoi(), ...)` does of torchtext's."
        ) from error
