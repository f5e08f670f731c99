"""The hierarchy of exceptions by cause. The text of each is for the user: it names the subject and the remedy."""

from transformermodel_api.failures import FailureReason


class TransformerModelError(Exception):
    """Base class of all errors that the project raises on purpose.

    Attributes:
        exit_status: exit status of a process that ends with this error.
    """

    exit_status: int = 1


class UserError(TransformerModelError):
    """The user's input is invalid: a manifest, a flag, a file or a port. Never shown with a traceback."""

    exit_status = 2


class InvalidManifest(UserError):
    """A manifest violates the schema or a rule.

    Attributes:
        origin: path of the manifest.
        problems: one sentence per problem, in the API server's wording if the API server would refuse it, too.
    """

    def __init__(self, origin: str, problems: tuple[str, ...]) -> None:
        self.origin = origin
        self.problems = problems
        super().__init__("\n".join(f"{origin}: {problem}" for problem in problems))


class PreparationFailed(TransformerModelError):
    """A preparation failed for a classified reason.

    Attributes:
        reason: the class of failure.
        message: one sentence, without the remedy.
        commit: the commit that the source resolved to before; None if unknown.
    """

    commit: str | None = None

    def __init__(self, reason: FailureReason, message: str) -> None:
        self.reason = reason
        self.message = message
        self.exit_status = reason.exit_status
        super().__init__(f"{reason.name}: {message} {reason.remedy}")


class CorruptArtifact(TransformerModelError):
    """A prepared artifact differs from its manifest; it is never served."""

    exit_status = FailureReason.ChecksumMismatch.exit_status
