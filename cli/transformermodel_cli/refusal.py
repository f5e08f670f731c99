"""Maps errors to what users see: one line and an exit status, wherever the error occurs."""

from transformermodel_api.errors import TransformerModelError, UserError
from transformermodel_api.machine import machine_refusal
from transformermodel_cli.extras import not_installed


def refusal_of(error: Exception) -> TransformerModelError | None:
    """The error to show to the user; None for a bug of ours, which keeps its traceback."""
    if isinstance(error, TransformerModelError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return not_installed(error)
    refused = machine_refusal(error)
    return UserError(refused) if refused is not None else None
