"""How few tokens a model can be run on: shorter texts are filled up, whatever padding changes."""

from transformers import PreTrainedModel


def fewest_tokens(model: PreTrainedModel) -> int:
    """The length below which a model fails; 1 for all but Funnel.

    Its pooling halves a text from block to block, and its relative attention wants two places in each of them: a word
    or two between the special tokens are too few for its usual three blocks.
    """
    if model.config.model_type != "funnel":
        return 1
    blocks: int = len(model.config.block_sizes)
    return 1 + (1 << (blocks - 1))
