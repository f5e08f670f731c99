"""What KServe says of an InferenceService, as far as it can be relied on."""

from transformermodel_api.status import ConditionType
from transformermodel_operator.conditions import Finding, false
from transformermodel_operator.objects import Document
from transformermodel_operator.reasons import Reason


def objection(service: Document) -> Document:
    """The first of its conditions that does not hold and says why; empty where there is none."""
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
    """The message, and what KServe objects."""
    unmet = objection(service)
    words = ": ".join(unmet[name] for name in ("type", "reason", "message") if unmet.get(name))
    return f"{message} {words}".strip()


def failure_of(service: Document) -> Finding | None:
    """What KServe knows of a failure, while it holds: the record of the last one stays in status for ever."""
    model = service.get("status", {}).get("modelStatus") or {}
    last = model.get("lastFailureInfo") or {}
    if model.get("transitionStatus") not in ("BlockedByFailedLoad", "InvalidSpec") or not last.get("reason"):
        return None
    message = last.get("message") or "KServe tells no more; look at the predictor's pods."
    return false(ConditionType.PredictorReady, Reason.of_kserve(last["reason"]), message)


def is_invalid(service: Document) -> bool:
    """Whether KServe cannot make anything of it."""
    return (service.get("status", {}).get("modelStatus") or {}).get("transitionStatus") == "InvalidSpec"
