"""Sample sizes of perturbation methods, and limits on their cost. Pure."""

from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.tasks.task import InvalidQuestion

_MOST_EVALUATIONS = 1000
"""Default limit: a second or two for a small model and a text of usual length."""
_MOST_REQUESTED_EVALUATIONS = 20_000
_MOST_TOKENS = 10_000_000
"""Over all evaluations: the 20,000 that may be requested with 500 tokens each, or about 1,200 with 8,192."""
_LEAST_EVALUATIONS = 256
_EVALUATIONS_PER_PLAYER = 8
_MOST_PERMUTATIONS = 25
_LEAST_PERMUTATIONS = 2


def evaluations(options: Options, players: int) -> int:
    """Number of samples for a linear model: as requested, else several per coefficient."""
    if options.samples is not None:
        return options.samples
    return min(_MOST_EVALUATIONS, max(_LEAST_EVALUATIONS, _EVALUATIONS_PER_PLAYER * players))


def permutations(options: Options, players: int) -> int:
    """Number of orders to sample, each of which costs one evaluation per player.

    Raises:
        InvalidQuestion: the requested number would take minutes.
    """
    if options.samples is not None:
        most = max(1, _MOST_REQUESTED_EVALUATIONS // max(1, players))
        if options.samples > most:
            raise InvalidQuestion(f"samples are orders of all {players} words of this text: ask for at most {most}")
        return options.samples
    return max(_LEAST_PERMUTATIONS, min(_MOST_PERMUTATIONS, _MOST_EVALUATIONS // max(1, players)))


def require_affordable(evaluations: int, tokens: int) -> None:
    """Refuse work that would take hours: one evaluation per word costs the square of the text's length.

    Args:
        evaluations: number of model evaluations.
        tokens: length of the text.

    Raises:
        InvalidQuestion: it is too much; the message says what is possible.
    """
    if evaluations * tokens > _MOST_TOKENS:
        raise InvalidQuestion(
            f"the model would be asked {evaluations} times about {tokens} tokens, and at most {_MOST_TOKENS // tokens} "
            "times may be: take kernel_shap or lime, which ask no more often for a longer text, or shorten it"
        )
