"""The fewest tokens that a model can run on: shorter texts are padded, even where padding changes the outputs."""

from transformers import PreTrainedModel


def fewest_tokens(model: PreTrainedModel) -> int:
    """The length below which a model fails; 1 for all but Funnel.

    Funnel's pooling halves the sequence from block to block, and its relative attention needs two positions in each:
    a word or two between the special tokens are too few for the usual three blocks.
    """
    if model.config.model_type != "funnel":
        return 1
    blocks: int = len(model.config.block_sizes)
    return 1 + (1 << (blocks - 1))
