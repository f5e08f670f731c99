"""What a user is told of an error: one line and an exit status, wherever it comes to light."""

from transformermodel_api.errors import TransformerModelError, UserError
from transformermodel_api.machine import machine_refusal
from transformermodel_cli.extras import not_installed


def refusal_of(error: Exception) -> TransformerModelError | None:
    """The error as a user is told it; None for a fault of ours, which keeps its traceback."""
    if isinstance(error, TransformerModelError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return not_installed(error)
    refused = machine_refusal(error)
    return UserError(refused) if refused is not None else None
