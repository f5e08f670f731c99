"""Why a preparation failed. Pure."""

from transformermodel_api.contract import Failed
from transformermodel_api.failures import FailureReason
from transformermodel_api.status import Condition, ConditionType, TransformerModelStatus
from transformermodel_operator.conditions import find
from transformermodel_operator.objects import Document, condition
from transformermodel_operator.pods.job_pods import JobPods
from transformermodel_operator.reasons import Reason


def failure_of(job: Document, known: Condition | None, pods: JobPods | None, status: TransformerModelStatus) -> Failed:
    """Why a Job failed: as recorded before, as the Job says, as its pods say.

    Args:
        job: the failed Job.
        known: the end recorded in status; None if it is not recorded yet.
        pods: the state of its pods; None if they have not been inspected.
        status: the last reported status.
    """
    if known is not None:
        return Failed(reason=known.reason, message=known.message)
    ended = condition(job, "Failed") or {}
    if ended.get("reason") == "DeadlineExceeded":
        return Failed.because(FailureReason.DeadlineExceeded, _too_long(status))
    if pods is not None and isinstance(pods.outcome, Failed):
        return pods.outcome
    words = " ".join(part for part in (ended.get("reason"), ended.get("message")) if part)
    return Failed.because(FailureReason.Internal, f"The preparation failed without telling why. {words}".strip())


def _too_long(status: TransformerModelStatus) -> str:
    """The deadline counts from the Job's start: what it was waiting for says more than that it was late."""
    before = find(status.conditions, ConditionType.Prepared)
    if before is None or before.reason == Reason.Preparing:
        return "The preparation took too long."
    return f"The preparation took too long. Before: {before.message}"
