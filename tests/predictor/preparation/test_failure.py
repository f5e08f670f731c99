"""What a preparation that has failed leaves for another attempt."""

from pathlib import Path

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.failure import kept_for_another_attempt

MAY_PASS = PreparationFailed(FailureReason.Unreachable, "the hub is away.")
STAYS = PreparationFailed(FailureReason.NotFound, "there is no such model.")


@pytest.mark.parametrize(
    ("error", "is_kept"),
    [
        (MAY_PASS, True),
        (KeyboardInterrupt(), True),
        (OSError("of a fault of ours"), True),
        (STAYS, False),
        (MemoryError(), False),
    ],
    ids=["may pass", "interrupted", "unknown", "stays", "exhausted"],
)
def test_what_was_done_is_kept_unless_the_failure_stays(tmp_path: Path, error: BaseException, is_kept: bool) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "part").write_bytes(b"half")
    with pytest.raises((type(error), PreparationFailed)), kept_for_another_attempt(folder):
        raise error
    assert (folder / "part").exists() is is_kept


def test_a_failure_before_anything_was_done_is_the_same_failure(tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed) as failure, kept_for_another_attempt(tmp_path / "sources"):
        raise STAYS
    assert failure.value is STAYS
