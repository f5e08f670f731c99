"""Which module of a model provides the embeddings that are attributed to."""

from torch import nn
from transformers import PreTrainedModel

from transformermodel_predictor.explanations.embeddings import EmbeddingOutput
from transformermodel_predictor.explanations.token_embeddings import TokenEmbeddings
from transformermodel_predictor.explanations.whole_embeddings import WholeEmbeddings


def embeddings_of(model: PreTrainedModel) -> EmbeddingOutput:
    """The whole embeddings module (tokens, token types, positions) where there is one, as in encoders.

    Such a module ends with a layer norm, which mixes the three: attributing to token embeddings before it would break
    completeness. Other models are attributed to their token embeddings.

    Args:
        model: the twin's, which gets hooks.

    Raises:
        NotDifferentiable: the model has no token embeddings.
    """
    whole = getattr(model.base_model, "embeddings", None)
    if isinstance(whole, nn.Module) and not isinstance(whole, nn.Embedding):
        return WholeEmbeddings(whole, type(model).__name__)
    return TokenEmbeddings(model)
