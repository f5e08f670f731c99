"""Feature ablation: how far the objective falls when one feature is left out. No completeness."""

from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.rows import AttributionGenerator
from transformermodel_predictor.explanations.sampling import require_affordable
from transformermodel_predictor.explanations.target import Target


def attribute(target: Target, options: Options, access: ModelAccess) -> AttributionGenerator:
    """Evaluate the text once, and once without each feature.

    Raises:
        InvalidQuestion: the model has no such baseline token, or the text is too long to afford it.
    """
    game = Game(target, access.baseline_token(options.baseline))
    require_affordable(1 + game.players, len(target.encoding))
    return _ablate(game)


def _ablate(game: Game) -> AttributionGenerator:
    worths = Worths(game)
    ablated = [game.grand_coalition ^ 1 << player for player in range(game.players)]
    whole, *rest = yield from worths.of([game.grand_coalition, *ablated])
    return Attribution(game.token_values([whole - part for part in rest]), delta=None, steps=worths.evaluations)
