"""Feature ablation: how much the objective falls when a feature alone is left out."""

from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.rows import Steps
from transformermodel_predictor.explanations.sampling import require_affordable
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools


def attribute(target: Target, options: Options, tools: Tools) -> Steps:
    """Ask once for the text and once without each feature; promises no completeness.

    Raises:
        InvalidQuestion: the baseline is no token of the model, or the text so long that it would cost hours.
    """
    game = Game(target, tools.stand_in(options.baseline))
    require_affordable(1 + game.players, len(target.encoding))
    return _ablate(game)


def _ablate(game: Game) -> Steps:
    worths = Worths(game)
    left_out = [game.everyone ^ 1 << player for player in range(game.players)]
    whole, *rest = yield from worths.of([game.everyone, *left_out])
    return Attribution(game.by_token([whole - part for part in rest]), delta=None, steps=worths.asked)
