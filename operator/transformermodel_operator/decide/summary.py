"""Ready, Reconciling and Stalled: what the other conditions come to (kstatus).

Ready speaks of the spec that was observed: it is False while that spec is not fully rolled out, even where an earlier
artifact serves on. PredictorReady and url tell whether something answers.
"""

from transformermodel_api.model import TransformerModel
from transformermodel_api.status import ConditionType
from transformermodel_operator.conditions import Finding, false, true
from transformermodel_operator.decide.predictor_verdict import PredictorVerdict
from transformermodel_operator.decide.preparation_verdict import PreparationVerdict, short
from transformermodel_operator.reasons import Reason


def summarize(
    model: TransformerModel, preparation: PreparationVerdict, predictor: PredictorVerdict
) -> tuple[Finding, ...]:
    """All conditions of a model, Ready first."""
    waits = not preparation.prepared.holds and not predictor.pinned
    ready = _unprepared(preparation, predictor) if waits else _prepared(predictor)
    details = (preparation.source, preparation.prepared, predictor.predictor)
    if model.spec.suspend:
        return (_suspended(ready), *details)
    if ready.holds:
        return (ready, *details)
    stalled = preparation.stalled if waits else predictor.stalled or predictor.rolled_back is not None
    return (ready, *details, ready.repeated_as(ConditionType.Stalled if stalled else ConditionType.Reconciling))


def _unprepared(preparation: PreparationVerdict, predictor: PredictorVerdict) -> Finding:
    message = preparation.prepared.message
    if predictor.digest is not None and predictor.predictor.holds:
        message = f"{message} Artifact {short(predictor.digest)} of an earlier spec serves on."
    return false(ConditionType.Ready, preparation.prepared.reason, message)


def _prepared(predictor: PredictorVerdict) -> Finding:
    """Ready once there is an artifact, or a revision that spec names."""
    if predictor.rolled_back is not None:
        return false(ConditionType.Ready, Reason.RolledBack, predictor.rolled_back)
    found = predictor.predictor
    if predictor.switched_off:
        return true(ConditionType.Ready, Reason.ScaledToZero, found.message)
    if not found.holds or predictor.digest is None:
        return false(ConditionType.Ready, found.reason, found.message)
    pinned = (
        f" Revision {predictor.update_revision} is pinned by spec.rollout.pinnedRevision." if predictor.pinned else ""
    )
    message = f"Artifact {short(predictor.digest)} is served: {found.message}{pinned}"
    return true(ConditionType.Ready, Reason.Ready, message)


def _suspended(ready: Finding) -> Finding:
    """While suspended, true conditions stay true, but nothing is done about the others."""
    message = f"spec.suspend is set: nothing is created, changed or repaired. {ready.message}"
    return Finding(ready.type, ready.status, Reason.Suspended, message)
