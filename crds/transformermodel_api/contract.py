"""The contract of operator and preparation Job: request, progress and outcome.

The request is in an environment variable, progress in the log, and the outcome in the termination message. The operator
writes the request and reads progress and outcome; the Job does the opposite. On one machine the command line uses the
same types, so that both behave alike.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest
from transformermodel_api.identity import canonical_json, fingerprint
from transformermodel_api.predictor import Device
from transformermodel_api.preparation import Preparation
from transformermodel_api.rules import ResourceType
from transformermodel_api.source import Source
from transformermodel_api.spec import TaskName, TransformerModelSpec

REQUEST_VARIABLE = "TRANSFORMERMODEL_REQUEST"
"""Environment variable of the Job with the request as canonical JSON."""

REFERENCE_VARIABLE = "TRANSFORMERMODEL_REFERENCE"
"""Environment variable of the Job with the name of its model in the store: CLUSTER/NAMESPACE/NAME."""

TERMINATION_MESSAGE_LIMIT = 4096
"""Limit on the bytes that the kubelet keeps of a termination message."""

_MESSAGE_LIMIT = 512
"""Limit on the characters of a failure's message: each takes up to six bytes in JSON, and the remedy follows."""

_WHERE_AND_WHEN = (
    "deadline_seconds",
    "ttl_seconds_after_finished",
    "service_account_name",
    "resources",
    "node_selector",
    "tolerations",
)


class PreparationRequest(ResourceType):
    """The input of a preparation, in a Job and on one machine."""

    task: TaskName
    source: Source
    preparation: Preparation
    tests: tuple[GoldenTest, ...] = ()
    device: Annotated[Device, Field(description="What the predictor will run on.")] = Device.Auto

    @classmethod
    def of(cls, spec: TransformerModelSpec) -> "PreparationRequest":
        """The request for a spec, without the fields that only affect where and when the Job runs."""
        return cls(
            task=spec.task,
            source=spec.source.model_copy(update={"check_interval_seconds": None}),
            preparation=spec.preparation.model_copy(
                update={name: Preparation.model_fields[name].default for name in _WHERE_AND_WHEN}
            ),
            tests=spec.tests or (),
            device=spec.predictor.device,
        )

    def document(self) -> dict[str, Any]:
        """The request as JSON values, without fields that have their default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def canonical(self) -> str:
        """The value of `REQUEST_VARIABLE`."""
        return canonical_json(self.document())

    def fingerprint(self) -> str:
        """Hash of the request, 64 hexadecimal digits."""
        return fingerprint(self.document())


class Prepared(ResourceType):
    """A preparation that succeeded."""

    outcome: Literal["Prepared"] = "Prepared"
    digest: str
    path: Annotated[str, Field(description="Folder of the artifact, relative to the store.")]
    commit: str
    size_bytes: int
    format: str
    engine: str
    precision: str
    parity: Annotated[
        str | None, Field(description="Largest difference of a probability from the float32 reference.")
    ] = None
    agreement: Annotated[str | None, Field(description="Samples answered as the reference does, such as 12/12.")] = None
    speedup: Annotated[str | None, Field(description="Speed as a multiple of the reference's.")] = None
    sources: Annotated[str | None, Field(description="Fingerprint of the state of checkpoint and adapter.")] = None


class Resolved(ResourceType):
    """The current state of sources, from a check without a preparation."""

    outcome: Literal["Resolved"] = "Resolved"
    commit: str
    sources: str


class Failed(ResourceType):
    """A preparation that failed."""

    outcome: Literal["Failed"] = "Failed"
    reason: str
    message: str
    commit: Annotated[str | None, Field(description="What the source was found at before.")] = None

    @classmethod
    def because(cls, reason: FailureReason, message: str, commit: str | None = None) -> "Failed":
        """A failure of a known class, with its message cut so that the outcome fits in a termination message.

        Args:
            reason: the class of failure; its remedy is appended to the message.
            message: one sentence.
            commit: the commit that the source resolved to before; None if unknown.
        """
        text = message.encode("utf-8", "replace").decode()  # a message can quote file names that are not valid UTF-8
        if len(text) > _MESSAGE_LIMIT:
            text = f"{text[: _MESSAGE_LIMIT - 1]}\N{HORIZONTAL ELLIPSIS}"
        return cls(reason=reason.name, message=f"{text} {reason.remedy}", commit=commit)


class PreparationProgress(ResourceType):
    """The progress of a preparation: a line of its log. Unknown fields of later versions are ignored."""

    model_config = ConfigDict(extra="ignore")

    step: Annotated[str, Field(description="The step that it is at.")]
    percent: Annotated[int, Field(ge=0, le=100, description="How much of a usual preparation is done.")]
    bytes_done: Annotated[int | None, Field(ge=0, description="Bytes that this step has brought.")] = None
    bytes_total: Annotated[int | None, Field(ge=0, description="Bytes that this step is to bring.")] = None
    bytes_free: Annotated[int | None, Field(ge=0, description="Room there was when the step began.")] = None
    remaining_seconds: Annotated[
        int | None, Field(ge=0, description="When the rest of them will be there, at the step's speed until now.")
    ] = None

    def line(self) -> str:
        """The line as JSON, without a line break."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))


def read_progress(log: str) -> PreparationProgress | None:
    """The last progress in a preparation's log or in the end of one; None if there is none."""
    lines = (line for line in reversed(log.splitlines()) if line.startswith("{"))
    return next((found for found in map(_progress_in, lines) if found is not None), None)


def _progress_in(line: str) -> PreparationProgress | None:
    try:
        return PreparationProgress.model_validate_json(line)
    except ValidationError:
        return None


PreparationOutcome = Prepared | Resolved | Failed
_OUTCOME: TypeAdapter[PreparationOutcome] = TypeAdapter(Annotated[PreparationOutcome, Field(discriminator="outcome")])


def write_outcome(outcome: PreparationOutcome) -> str:
    """The termination message as JSON; that of a `Failed.because` has at most `TERMINATION_MESSAGE_LIMIT` bytes."""
    return canonical_json(outcome.model_dump(mode="json", by_alias=True, exclude_none=True))


def read_outcome(message: str) -> PreparationOutcome:
    """Parse the outcome in a termination message.

    Raises:
        pydantic.ValidationError: the message is not an outcome.
    """
    return _OUTCOME.validate_json(message)
