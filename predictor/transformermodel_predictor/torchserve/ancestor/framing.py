"""The tokens that stand around texts."""

from transformers import PreTrainedTokenizerBase


def framing_tokens(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The special tokens that are no part of a text: what stands for an unknown or a masked word is one."""
    of_texts = {tokenizer.unk_token_id, tokenizer.mask_token_id}
    names = ("bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "pad_token_id")
    around = {getattr(tokenizer, name) for name in names}
    return frozenset(
        token for token in {*tokenizer.all_special_ids, *around} if token not in of_texts or token in around
    )
