"""Where in a model its embeddings are."""

from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.explanations.embeddings import EmbeddingOutput
from transformermodel_predictor.explanations.token_embeddings import TokenEmbeddings
from transformermodel_predictor.explanations.whole_embeddings import WholeEmbeddings


def embeddings_of(model: PreTrainedModel) -> EmbeddingOutput:
    """The whole embeddings with token types and positions where a model has such a module, as encoders have.

    A normalization follows them there that would be a part of each token's share. Else the embeddings of tokens alone.

    Args:
        model: a twin's own.

    Raises:
        NotDifferentiable: it has no embeddings of tokens.
    """
    whole = getattr(model.base_model, "embeddings", None)
    if isinstance(whole, nn.Module) and not isinstance(whole, nn.Embedding):
        return WholeEmbeddings(whole, type(model).__name__)
    return TokenEmbeddings(model)
