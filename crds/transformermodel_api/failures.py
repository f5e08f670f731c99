"""The catalogue of a preparation's failures, for exit statuses, termination messages and conditions."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class _Class:
    exit_status: int
    transient: bool
    remedy: str


class FailureReason(Enum):
    """A class of failure.

    The member's name is the CamelCase reason in conditions and termination messages. Exit statuses are distinct, so
    that a Job's pod failure policy can tell transient failures from permanent ones. They are part of the command line's
    contract and never change their meaning.
    """

    NotFound = _Class(10, False, "Check the uri for a misspelt name, revision or path.")
    Gated = _Class(11, False, "Accept the model's terms on its page, and name a secret with HF_TOKEN in secretRef.")
    Unauthorized = _Class(
        12,
        False,
        "Name a secret with valid credentials in spec.source.secretRef, of a store in spec.storage.secretRef.",
    )
    RateLimited = _Class(13, True, "Wait, or name a secret with credentials: servers limit anonymous downloads more.")
    Unreachable = _Class(14, True, "Check the network path to the source, and its endpoint or mirror if you set one.")
    InsufficientStorage = _Class(15, False, "Free space on the storage volume or use a larger one.")
    ChecksumMismatch = _Class(16, True, "The bytes differ from their recorded checksum: delete them and prepare again.")
    UnsupportedSource = _Class(17, False, "Correct what the message names, or use a source that this version can read.")
    UnsupportedArchitecture = _Class(18, False, "Use a model whose architecture transformers knows for this task.")
    WeightsMismatch = _Class(19, False, "Use weights with a head for the task, or an adapter that brings the head.")
    GoldenAnswerMismatch = _Class(20, False, "Correct spec.tests, or use the model revision they were written for.")
    OutOfMemory = _Class(21, False, "Raise spec.preparation.resources.limits.memory.")
    DeadlineExceeded = _Class(22, False, "Raise spec.preparation.deadlineSeconds.")
    ParityFailed = _Class(23, False, "Use another format or precision, or raise spec.preparation.parity.tolerance.")
    RemoteCodeForbidden = _Class(24, False, "Set spec.source.trustRemoteCode to Allowed if you trust its author.")
    UnsupportedForm = _Class(25, False, "Use another spec.preparation.format or precision, or Auto.")
    UnsafeArchive = _Class(26, False, "Pack the archive again without such members.")
    InvalidSamples = _Class(27, False, "Write one JSON object with the task's inputs per line, in UTF-8.")
    RequirementsNotInstalled = _Class(
        28, False, "Correct the requirements, or say where packages are with PIP_INDEX_URL, which a secret may hold."
    )
    MachineRefused = _Class(
        29, True, "Give the preparation what the message names, or have it run where there is more of it."
    )
    Internal = _Class(1, True, "This is a fault in TransformerModel: please report it with the log.")

    @property
    def exit_status(self) -> int:
        """Exit status of a preparation's process that fails this way."""
        return self.value.exit_status

    @property
    def transient(self) -> bool:
        """Whether a retry of the same preparation may succeed."""
        return self.value.transient

    @property
    def remedy(self) -> str:
        """What the user can do, one sentence."""
        return self.value.remedy
