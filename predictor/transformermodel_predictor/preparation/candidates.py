"""Which candidates a request allows. Pure."""

from transformermodel_api.preparation import Format, Precision, Preparation
from transformermodel_predictor.preparation.candidate import Candidate, EngineName


def choose_candidate(preparation: Preparation) -> Candidate:
    """The candidate to build. This version knows one, whatever is asked for: `Auto` allows it, and nothing else is."""
    format_ = Format.Pretrained if preparation.format is Format.Auto else preparation.format
    precision = Precision.Float32 if preparation.precision is Precision.Auto else preparation.precision
    return Candidate(format_, EngineName.Pretrained, precision)
