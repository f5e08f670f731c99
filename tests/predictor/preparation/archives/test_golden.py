"""How long a handler may take while an archive is prepared, where no client waits."""

from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.golden import GoldenTest
from transformermodel_predictor.preparation.archives.golden import check_handler_answers, patient_settings
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.reading.opening import open_archive
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

_STUCK = b"""\
import threading

def handle(data, context):
    if data is not None:
        threading.Event().wait()
"""


def archived(folder: Path, configuration: bytes, handler: bytes) -> ArchivedModel:
    files = {"handler.py": handler, "model-config.yaml": configuration}
    archive = packed(folder, files, config_file="model-config.yaml")
    return open_archive(archive, folder=folder / "unpacked")


def test_a_handler_without_limits_has_longer_than_clients_would_wait(tmp_path: Path) -> None:
    settings = patient_settings(archived(tmp_path, b"minWorkers: 4\n", _STUCK))
    default = WorkerSettings()
    assert settings.startup_timeout > default.startup_timeout
    assert settings.response_timeout > default.response_timeout
    assert (settings.min_workers, settings.max_workers) == (1, 1)


def test_the_limits_of_the_archive_count_and_are_named_where_they_are_reached(tmp_path: Path) -> None:
    slow = archived(tmp_path, b"responseTimeout: 1\nstartupTimeout: 300\n", _STUCK)
    settings = patient_settings(slow)
    assert (settings.response_timeout, settings.startup_timeout) == (1, 300)
    test = GoldenTest.model_validate({"input": {"text": "a"}, "expect": {"answer": "b"}})
    with pytest.raises(PreparationFailed, match=r"did not answer within 1 seconds \(responseTimeout\)"):
        check_handler_answers([test], slow)
