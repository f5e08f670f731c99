"""Reads what is reliable in the status that KServe gives an InferenceService."""

from transformermodel_api.status import ConditionType
from transformermodel_operator.conditions import Finding, false
from transformermodel_operator.objects import Document
from transformermodel_operator.reasons import Reason


def objection(service: Document) -> Document:
    """Its first condition that does not hold and gives a reason; empty if there is none."""
    conditions = service.get("status", {}).get("conditions") or ()
    return next(
        (
            found
            for found in conditions
            if found["status"] != "True" and found["type"] not in ("Ready", "Stopped") and found.get("reason")
        ),
        {},
    )


def with_objection(message: str, service: Document) -> str:
    """The message, followed by KServe's objection."""
    unmet = objection(service)
    words = ": ".join(unmet[name] for name in ("type", "reason", "message") if unmet.get(name))
    return f"{message} {words}".strip()


def failure_of(service: Document) -> Finding | None:
    """KServe's current failure, if any: its status keeps the record of the last one forever."""
    model = service.get("status", {}).get("modelStatus") or {}
    last = model.get("lastFailureInfo") or {}
    if model.get("transitionStatus") not in ("BlockedByFailedLoad", "InvalidSpec") or not last.get("reason"):
        return None
    message = last.get("message") or "KServe tells no more; look at the predictor's pods."
    return false(ConditionType.PredictorReady, Reason.of_kserve(last["reason"]), message)


def is_invalid(service: Document) -> bool:
    """Whether KServe considers it invalid."""
    return (service.get("status", {}).get("modelStatus") or {}).get("transitionStatus") == "InvalidSpec"
