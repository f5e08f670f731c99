"""The catalogue of reasons of conditions and events, from which the reference page is generated. Pure.

Reasons are part of the interface, because scripts and alerts use them. The meaning of a reason never changes.
"""

from enum import StrEnum

from transformermodel_api.failures import FailureReason
from transformermodel_api.status import ConditionType
from transformermodel_operator.objects import LEAVE_ARTIFACTS_ANNOTATION, REQUESTED_AT_ANNOTATION


class EventType(StrEnum):
    """The type of a Kubernetes event: Warning if somebody should act."""

    Normal = "Normal"
    Warning = "Warning"


_SOURCE, _PREPARED, _PREDICTOR = (
    ConditionType.SourceResolved,
    ConditionType.Prepared,
    ConditionType.PredictorReady,
)


_ABOUT_THE_SOURCE = frozenset(
    {
        FailureReason.NotFound,
        FailureReason.Gated,
        FailureReason.Unauthorized,
        FailureReason.RateLimited,
        FailureReason.Unreachable,
    }
)


def _where(failure: FailureReason) -> tuple[ConditionType, ...]:
    return (_SOURCE, _PREPARED) if failure in _ABOUT_THE_SOURCE else (_PREPARED,)


class Reason(StrEnum):
    """A reason, what it means, and what to do about it.

    Attributes:
        event_type: the type of the event that a change to it records; None if another condition's event reports it.
        where: the conditions that can have it, without Ready, Reconciling and Stalled when they repeat another
            condition's reason; empty for reasons of events alone.
        meaning: what has happened, one sentence, followed by the remedy, if any.
    """

    _ignore_ = "members failure"
    members = vars()

    event_type: EventType | None
    where: tuple[ConditionType, ...]
    meaning: str

    def __new__(
        cls, word: str, event_type: EventType | None, where: tuple[ConditionType, ...], meaning: str
    ) -> "Reason":
        """Create a member whose value is its name."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.event_type, member.where, member.meaning = event_type, where, meaning
        return member

    @property
    def remedy(self) -> str:
        """The remedy: the meaning after its first sentence, for messages that already say what has happened."""
        return self.meaning.partition(". ")[2]

    @classmethod
    def named(cls, word: str) -> "Reason":
        """The reason of this name, as in a reported condition.

        Raises:
            KeyError: this version has no such reason.
        """
        return cls.__members__[word]

    @classmethod
    def of_failure(cls, failure: FailureReason) -> "Reason":
        """The reason of a class of failure, which has the failure's name."""
        return cls.__members__[failure.name]

    @classmethod
    def of_kserve(cls, word: str) -> "Reason":
        """The reason of KServe's failure; KServeNotReady for one that this version does not know."""
        return cls.__members__.get(word, cls.KServeNotReady)

    # The whole model
    Ready = "Ready", EventType.Normal, (ConditionType.Ready,), "This spec is served by every replica."
    Suspended = (
        "Suspended",
        EventType.Normal,
        (ConditionType.Ready,),
        "spec.suspend is set: nothing is created, changed or repaired. What runs goes on.",
    )
    InvalidSpec = (
        "InvalidSpec",
        EventType.Warning,
        (ConditionType.Ready, _SOURCE, _PREPARED, _PREDICTOR),
        "The object got past an older CRD and cannot be read. Correct what the message names, and apply this "
        "version's CRD.",
    )
    NameTaken = (
        "NameTaken",
        EventType.Warning,
        (_PREPARED, _PREDICTOR),
        "An object of the name that a child would have belongs to somebody else, and is left alone. Rename or delete "
        "it, or rename the model.",
    )
    Refused = (
        "Refused",
        EventType.Warning,
        (_PREPARED, _PREDICTOR),
        "The API server refuses an object that the operator writes; the message quotes it. It is tried again once a "
        "minute.",
    )

    # Deletion
    Removing = (
        "Removing",
        EventType.Normal,
        (ConditionType.Ready,),
        "The model is being deleted, and waits for its artifacts to be removed, as spec.deletionPolicy wants.",
    )
    RemovalFailed = (
        "RemovalFailed",
        EventType.Warning,
        (ConditionType.Ready,),
        "The artifacts cannot be removed, and the model waits; it is tried again every ten minutes. Correct what the "
        f"message names, or let go of them: kubectl annotate the model with {LEAVE_ARTIFACTS_ANNOTATION}=true.",
    )
    ArtifactsRemoved = "ArtifactsRemoved", EventType.Normal, (), "What the deleted model alone had used is removed."
    ArtifactsLeft = (
        "ArtifactsLeft",
        EventType.Warning,
        (),
        "The model is deleted and its artifacts are left: their store or its claim is gone, or somebody has said so. "
        "`transformermodel collect --forget` removes what is still there.",
    )

    # Preparation
    Preparing = "Preparing", EventType.Normal, (_SOURCE, _PREPARED), "The preparation Job is at work, or about to be."
    Resolved = "Resolved", None, (_SOURCE,), "The source was found and pinned; status.commit says to what."
    Prepared = "Prepared", EventType.Normal, (_PREPARED,), "The artifact of this spec is prepared and verified."
    SourceMoved = (
        "SourceMoved",
        EventType.Normal,
        (),
        "A check has found that uri, revision or adapter have come to mean something else, which is prepared now.",
    )
    CheckFailed = (
        "CheckFailed",
        EventType.Warning,
        (),
        "The sources cannot be looked at; what was prepared serves on, and the next check comes in its time.",
    )
    StorageMissing = (
        "StorageMissing",
        EventType.Warning,
        (_PREPARED,),
        "There is nowhere to keep the artifact. Set spec.storage.uri, or the chart's defaultStorageUri.",
    )
    StorageInvalid = (
        "StorageInvalid",
        EventType.Warning,
        (_PREPARED,),
        "The storage uri has no known form: correct spec.storage.uri, or the chart's defaultStorageUri.",
    )
    ClaimMissing = (
        "ClaimMissing",
        EventType.Warning,
        (_PREPARED,),
        "A PersistentVolumeClaim that the preparation needs is not there. Create it in the model's namespace, or "
        "correct the pvc:// uri.",
    )
    ClaimPending = (
        "ClaimPending",
        EventType.Warning,
        (_PREPARED,),
        "A PersistentVolumeClaim is not bound, so the Job's pod cannot start. Look at the claim's events: its storage "
        "class has to provision a volume, or somebody has to.",
    )
    ClaimLost = (
        "ClaimLost",
        EventType.Warning,
        (_PREPARED,),
        "A PersistentVolumeClaim has lost its volume, or is being deleted. Create it anew, or name another.",
    )
    ClaimAccessMode = (
        "ClaimAccessMode",
        EventType.Warning,
        (_PREPARED,),
        "The access modes of the storage's PersistentVolumeClaim do not suit: the Job has to write to it, and Job and "
        "replicas use it at once. Use a ReadWriteMany claim, or ReadWriteOnce where all run on one node.",
    )
    ClaimOnOneNode = (
        "ClaimOnOneNode",
        EventType.Warning,
        (),
        "More than one replica is wanted, and the storage's claim is ReadWriteOnce: all have to run on one node. Use a "
        "ReadWriteMany claim where they are to spread.",
    )
    ImagePullFailed = (
        "ImagePullFailed",
        EventType.Warning,
        (_PREPARED,),
        "The Job's image cannot be pulled. Correct spec.predictor.image, or the chart's image.predictor where that is "
        "not set, or name secrets in spec.predictor.imagePullSecrets.",
    )
    SecretMissing = (
        "SecretMissing",
        EventType.Warning,
        (_PREPARED,),
        "A secret that the Job's container needs is not there. Create it in the model's namespace, or correct the "
        "secretRef.",
    )
    PodNotStarting = (
        "PodNotStarting",
        EventType.Warning,
        (_PREPARED,),
        "The node cannot set up the Job's pod or start its container: a volume, the network or the image's command.",
    )
    PodRefused = (
        "PodRefused",
        EventType.Warning,
        (_PREPARED,),
        "The cluster refuses the Job's pod. Create what the message names, such as a ServiceAccount, RuntimeClass or "
        "PriorityClass, correct the field of spec that names it, or change the policy that refuses it.",
    )
    Unschedulable = (
        "Unschedulable",
        EventType.Warning,
        (_PREPARED,),
        "No node takes the Job's pod. Lower spec.preparation.resources, correct its nodeSelector and tolerations, or "
        "add a node.",
    )
    QuotaExceeded = (
        "QuotaExceeded",
        EventType.Warning,
        (_PREPARED, _PREDICTOR),
        "The namespace's quota leaves no room. Raise it, or lower spec.preparation.resources; it is tried again by "
        "itself.",
    )
    Evicted = (
        "Evicted",
        EventType.Warning,
        (_PREPARED,),
        "The Job's pod was evicted, and another takes its place. Where it happens again, raise its requests, of memory "
        "and of ephemeral-storage, in spec.preparation.resources.",
    )
    NodeLost = (
        "NodeLost",
        EventType.Warning,
        (_PREPARED,),
        "The node of the Job's pod is gone or does not answer. Another pod takes its place; remove the node's object "
        "if it does not come back.",
    )
    for failure in FailureReason:  # one member each, with the failure's name
        members[failure.name] = (failure.name, EventType.Warning, _where(failure), failure.remedy)

    # Predictor
    NothingToServe = "NothingToServe", None, (_PREDICTOR,), "There is no prepared artifact yet."
    RollingOut = "RollingOut", EventType.Normal, (_PREDICTOR,), "The wanted revision is on its way to every replica."
    Serving = "Serving", None, (_PREDICTOR,), "Every replica serves the wanted revision."
    KServeMissing = (
        "KServeMissing",
        EventType.Warning,
        (_PREDICTOR,),
        "KServe is not installed. Install it: the model is served as soon as its CRDs are there.",
    )
    KServeNotReady = (
        "KServeNotReady",
        EventType.Warning,
        (_PREDICTOR,),
        "The replicas are there, and KServe does not call the InferenceService ready; the message quotes it.",
    )
    ReplicasUnavailable = (
        "ReplicasUnavailable",
        EventType.Warning,
        (_PREDICTOR,),
        "Fewer replicas than wanted are available, of a revision that was rolled out before, and not because they are "
        "only starting.",
    )
    ProgressDeadlineExceeded = (
        "ProgressDeadlineExceeded",
        EventType.Warning,
        (_PREDICTOR,),
        "The wanted revision did not become ready in time; the message says what its pods say.",
    )
    CrashLooping = (
        "CrashLooping",
        EventType.Warning,
        (_PREDICTOR,),
        "A replica ends again and again; the message has its last words.",
    )
    RolledBack = (
        "RolledBack",
        EventType.Warning,
        (ConditionType.Ready,),
        "The wanted revision did not become ready, and the last one that served is served again. It is not tried again "
        f"before spec changes or the annotation {REQUESTED_AT_ANNOTATION} has another value.",
    )
    RevisionUnknown = (
        "RevisionUnknown",
        EventType.Warning,
        (_PREDICTOR,),
        "There is no revision of the name in spec.rollout.pinnedRevision; the message lists those there are.",
    )
    ScaledToZero = (
        "ScaledToZero",
        EventType.Normal,
        (ConditionType.Ready, _PREDICTOR),
        "spec.predictor.minReplicas is 0: the model is prepared, and nothing answers until it is scaled up.",
    )
    ModelLoadFailed = (
        "ModelLoadFailed",
        EventType.Warning,
        (_PREDICTOR,),
        "KServe: the predictor ended while it loaded.",
    )
    RuntimeUnhealthy = (
        "RuntimeUnhealthy",
        EventType.Warning,
        (_PREDICTOR,),
        "KServe: the predictor does not become healthy.",
    )
    RuntimeDisabled = "RuntimeDisabled", EventType.Warning, (_PREDICTOR,), "KServe: the serving runtime is disabled."
    NoSupportingRuntime = (
        "NoSupportingRuntime",
        EventType.Warning,
        (_PREDICTOR,),
        "KServe: there is no serving runtime for the model. Install the chart's.",
    )
    RuntimeNotRecognized = (
        "RuntimeNotRecognized",
        EventType.Warning,
        (_PREDICTOR,),
        "KServe: there is no serving runtime of the wanted name. Install the chart's.",
    )
    InvalidPredictorSpec = (
        "InvalidPredictorSpec",
        EventType.Warning,
        (_PREDICTOR,),
        "KServe: the predictor's spec is invalid; the message says why.",
    )
