"""The special tokens around texts."""

from transformers import PreTrainedTokenizerBase


def framing_tokens(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The special tokens that are not part of a text; those for unknown and masked words are part of it."""
    of_texts = {tokenizer.unk_token_id, tokenizer.mask_token_id}
    names = ("bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "pad_token_id")
    around = {getattr(tokenizer, name) for name in names}
    return frozenset(
        token for token in {*tokenizer.all_special_ids, *around} if token not in of_texts or token in around
    )
