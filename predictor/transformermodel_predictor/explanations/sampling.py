"""How much a method that leaves words out asks of a model. Pure."""

from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.tasks.task import InvalidQuestion

_MOST_EVALUATIONS = 1000
"""Unless more samples are asked for: a second or two for a small model and a text of usual length."""
_MOST_WANTED_EVALUATIONS = 20_000
_MOST_TOKENS = 10_000_000
"""Of all evaluations together: so many of 512 tokens as may be wanted, and a thousand of 8,192."""
_LEAST_EVALUATIONS = 256
_EVALUATIONS_PER_PLAYER = 8
_MOST_PERMUTATIONS = 25
_LEAST_PERMUTATIONS = 2


def evaluations(options: Options, players: int) -> int:
    """Coalitions that a linear model is fitted to: several for each coefficient, if no other number is asked for."""
    if options.samples is not None:
        return options.samples
    return min(_MOST_EVALUATIONS, max(_LEAST_EVALUATIONS, _EVALUATIONS_PER_PLAYER * players))


def permutations(options: Options, players: int) -> int:
    """Orders in which the players join, each of which costs an evaluation per player.

    Raises:
        InvalidQuestion: so many were asked for that they would cost minutes.
    """
    if options.samples is not None:
        most = max(1, _MOST_WANTED_EVALUATIONS // max(1, players))
        if options.samples > most:
            raise InvalidQuestion(f"samples are orders of all {players} words of this text: ask for at most {most}")
        return options.samples
    return max(_LEAST_PERMUTATIONS, min(_MOST_PERMUTATIONS, _MOST_EVALUATIONS // max(1, players)))


def require_affordable(evaluations: int, tokens: int) -> None:
    """Refuse what would cost hours: of a long text a part for each of its words costs the square of its length.

    Args:
        evaluations: how often the model is asked.
        tokens: of the text.

    Raises:
        InvalidQuestion: it is too much; the text says what is possible.
    """
    if evaluations * tokens > _MOST_TOKENS:
        raise InvalidQuestion(
            f"the model would be asked {evaluations} times about {tokens} tokens, and at most {_MOST_TOKENS // tokens} "
            "times may be: take kernel_shap or lime, which ask no more often for a longer text, or shorten it"
        )
