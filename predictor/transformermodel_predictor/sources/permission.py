"""Files of a source that the user as whom this runs may not read: whoever put them there can change that."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason


@contextmanager
def permitted(place: Path, origin: str) -> Iterator[None]:
    """While a source is read: name what the kernel refuses to this user, and how to let it be read.

    `save_pretrained` writes weights for their owner alone, and a Job runs as another user.

    Args:
        place: the source's file, or the folder that its files are in.
        origin: the source's uri, for the message.

    Raises:
        PreparationFailed: UnsupportedSource, something in the place may not be read.
    """
    try:
        yield
    except PermissionError as error:
        refused = Path(os.fsdecode(error.filename or place))
        if not refused.is_relative_to(place) and not place.is_relative_to(refused):
            raise  # not the source, but where it is copied to
        if not os.access(refused.parent, os.X_OK, effective_ids=True):
            refused = place  # whose files cannot even be looked for
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            f"{origin}: {refused} may not be read by user {os.geteuid()}, as whom this runs; let everybody read "
            "it (chmod -R a+rX, by its owner).",
        ) from error
