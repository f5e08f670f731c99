"""Exceptions by cause. Each carries one line for the user that names the thing and what to do."""

from transformermodel_api.failures import FailureReason


class TransformerModelError(Exception):
    """Root of everything the project raises on purpose.

    Attributes:
        exit_status: status of a process that ends with this error.
    """

    exit_status: int = 1


class UserError(TransformerModelError):
    """The user's input is wrong: a manifest, a flag, a file, a port. Never shown with a traceback."""

    exit_status = 2


class InvalidManifest(UserError):
    """A manifest breaks the schema or a rule.

    Attributes:
        problems: one sentence per problem, in the API server's own words where it would refuse it too.
    """

    def __init__(self, origin: str, problems: tuple[str, ...]) -> None:
        self.origin = origin
        self.problems = problems
        super().__init__("\n".join(f"{origin}: {problem}" for problem in problems))


class PreparationFailed(TransformerModelError):
    """A preparation cannot go on, for a classified reason.

    Attributes:
        commit: what the source was found at before; None where it was not found, or nobody has said.
    """

    commit: str | None = None

    def __init__(self, reason: FailureReason, message: str) -> None:
        self.reason = reason
        self.message = message
        self.exit_status = reason.exit_status
        super().__init__(f"{reason.name}: {message} {reason.remedy}")


class CorruptArtifact(TransformerModelError):
    """A prepared artifact is not what its manifest says; it is never served."""

    exit_status = FailureReason.ChecksumMismatch.exit_status
