"""Ready, Reconciling and Stalled: what the other conditions come to (kstatus).

Ready speaks of the spec that was observed: it is False while that spec is not fully rolled out, even where an earlier
artifact serves on. PredictorReady and url tell whether something answers.
"""

from transformermodel_api.model import TransformerModel
from transformermodel_api.status import ConditionType
from transformermodel_operator.conditions import Finding, false, true
from transformermodel_operator.decide.predictor import PredictorVerdict
from transformermodel_operator.decide.preparation_verdict import PreparationVerdict, short
from transformermodel_operator.reasons import Reason


def summarize(
    model: TransformerModel, preparation: PreparationVerdict, predictor: PredictorVerdict
) -> tuple[Finding, ...]:
    """All conditions of a model, Ready first."""
    ready = _ready(preparation, predictor)
    details = (preparation.source, preparation.prepared, predictor.predictor)
    if model.spec.suspend:
        return (_suspended(ready), *details)
    if ready.holds:
        return (ready, *details)
    stalled = predictor.stalled if preparation.prepared.holds else preparation.stalled
    return (ready, *details, ready.again(ConditionType.Stalled if stalled else ConditionType.Reconciling))


def _ready(preparation: PreparationVerdict, predictor: PredictorVerdict) -> Finding:
    if not preparation.prepared.holds:
        message = preparation.prepared.message
        if preparation.artifact is not None and predictor.predictor.holds:
            message = f"{message} Artifact {short(preparation.artifact)} of an earlier spec serves on."
        return false(ConditionType.Ready, preparation.prepared.reason, message)
    if not predictor.predictor.holds or preparation.artifact is None:
        return false(ConditionType.Ready, predictor.predictor.reason, predictor.predictor.message)
    message = f"Artifact {short(preparation.artifact)} is served: {predictor.predictor.message}"
    return true(ConditionType.Ready, Reason.Ready, message)


def _suspended(ready: Finding) -> Finding:
    """What is true stays true, but nobody works on what is not."""
    message = f"spec.suspend is set: nothing is created, changed or repaired. {ready.message}"
    return Finding(ready.type, ready.status, Reason.Suspended, message)
