"""What a failed preparation leaves for another attempt, and tells."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.resources import resources_classified


@contextmanager
def failures_tell_commit(commit: str) -> Iterator[None]:
    """Whatever fails from here on, the source was found: failures of the store are not to be taken for its own."""
    try:
        yield
    except PreparationFailed as error:
        error.commit = commit
        raise


@contextmanager
def kept_for_another_attempt(folder: Path) -> Iterator[Path]:
    """A folder that outlives an interruption and a failure that may pass, but not a failure that stays."""
    try:
        with resources_classified(folder):
            yield folder
    except PreparationFailed as error:
        if folder.exists() and not error.reason.transient:
            shutil.rmtree(folder)
        raise
