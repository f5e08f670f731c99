"""What a failed preparation reports, and keeps for another attempt."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.resources import resources_classified


@contextmanager
def failures_tell_commit(commit: str) -> Iterator[None]:
    """Add the source's commit to failures, which shows that the source was found: the failure may be the store's."""
    try:
        yield
    except PreparationFailed as error:
        error.commit = commit
        raise


@contextmanager
def kept_for_another_attempt(folder: Path) -> Iterator[Path]:
    """A folder that is kept after an interruption or a transient failure, and removed after a permanent one."""
    try:
        with resources_classified(folder):
            yield folder
    except PreparationFailed as error:
        if folder.exists() and not error.reason.transient:
            shutil.rmtree(folder)
        raise
