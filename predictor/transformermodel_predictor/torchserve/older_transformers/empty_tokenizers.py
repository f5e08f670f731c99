"""Refuses tokenizers with an empty vocabulary.

transformers 5 silently creates one if the files of a tokenizer are not available, as for `from_pretrained("gpt2")`
without a network: every text would have no tokens.
"""

import functools
from pathlib import Path
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.older_transformers.log_once import log_once


def change_loading(module: ModuleType, archive: Path) -> None:
    """Have `from_pretrained` fall back to the archive's own tokenizer, or fail, if the vocabulary is empty.

    Args:
        module: transformers.tokenization_utils_base.
        archive: the archive's folder.
    """
    base: Any = module.PreTrainedTokenizerBase
    from_pretrained = base.from_pretrained.__func__

    @functools.wraps(from_pretrained)
    def loading(cls: Any, pretrained_model_name_or_path: Any, *inputs: Any, **keywords: Any) -> Any:  # noqa: ANN401
        tokenizer = from_pretrained(cls, pretrained_model_name_or_path, *inputs, **keywords)
        if not is_empty(tokenizer):
            return tokenizer
        own = from_pretrained(cls, archive, *inputs, **{**keywords, "local_files_only": True})
        if is_empty(own):
            raise OSError(
                f"the tokenizer {str(pretrained_model_name_or_path)!r} has no words: its files cannot be had, and the "
                "archive has none; add its tokenizer.json, or vocab.json and merges.txt, with --extra-files"
            )
        log_once(
            f"the tokenizer {str(pretrained_model_name_or_path)!r} has no words, as its files cannot be had: the one "
            "in the archive takes its place"
        )
        return own

    base.from_pretrained = classmethod(loading)


def is_empty(tokenizer: Any) -> bool:  # noqa: ANN401 - transformers is not imported
    """Whether a tokenizer has no tokens but special ones; False for one that cannot list its vocabulary."""
    try:
        vocabulary = tokenizer.get_vocab()
    except NotImplementedError:
        return False
    return set(vocabulary) <= set(tokenizer.all_special_tokens)
