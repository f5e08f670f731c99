"""Reports files of a source that this process may not read, with the remedy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason


@contextmanager
def permitted(place: Path, origin: str) -> Iterator[None]:
    """Turn permission errors on a source into a failure with the file's name and the remedy.

    `save_pretrained` makes weights readable only by their owner, and a Job runs as another user.

    Args:
        place: the source's file, or the folder that its files are in.
        origin: the source's uri, for the message.

    Raises:
        PreparationFailed: UnsupportedSource, a file or folder of the source may not be read.
    """
    try:
        yield
    except PermissionError as error:
        refused = Path(os.fsdecode(error.filename or place))
        if not refused.is_relative_to(place) and not place.is_relative_to(refused):
            raise  # not the source, but the target of the copy
        if not os.access(refused.parent, os.X_OK, effective_ids=True):
            refused = place  # its files cannot even be listed
        raise PreparationFailed(
            FailureReason.UnsupportedSource,
            f"{origin}: {refused} may not be read by user {os.geteuid()}, as whom this runs; let everybody read "
            "it (chmod -R a+rX, by its owner).",
        ) from error
