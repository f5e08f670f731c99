"""TorchServe's keys for workers, one by one."""

import logging
from typing import Any

import pytest

from transformermodel_predictor.torchserve.reading.worker_keys import changed_settings
from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings


def settings(keys: dict[str, Any], given: WorkerSettings | None = None) -> WorkerSettings:
    return changed_settings(given or WorkerSettings(), keys, "model-config.yaml")


@pytest.mark.parametrize(
    ("key", "value", "field", "read"),
    [
        ("batchSize", 8, "batch_size", 8),
        ("maxBatchDelay", 0, "max_batch_delay", 0),
        ("responseTimeout", 30, "response_timeout", 30),
        ("startupTimeout", 600, "startup_timeout", 600),
        ("maxRetryTimeoutInSec", 10, "retry_timeout", 10),
        ("clientTimeoutInMills", 500, "client_timeout", 500),
        ("jobQueueSize", 5, "queue_size", 5),
        ("useJobTicket", True, "job_ticket", True),
        ("deviceType", "cpu", "device_type", DeviceType.cpu),
        ("deviceType", "gpu", "device_type", DeviceType.gpu),
        ("deviceIds", [1, 3], "device_ids", (1, 3)),
        ("sequenceBatching", True, "sequence_batching", True),
        ("continuousBatching", True, "continuous_batching", True),
        ("maxNumSequence", 4, "max_sequences", 4),
        ("maxSequenceJobQueueSize", 6, "sequence_queue_size", 6),
        ("sequenceMaxIdleMSec", 60000, "sequence_idle", 60000),
        ("sequenceTimeoutMSec", 70000, "sequence_timeout", 70000),
    ],
)
def test_each_key_sets_what_it_names(key: str, value: Any, field: str, read: Any) -> None:
    assert vars(settings({key: value})) == {**vars(WorkerSettings()), field: read}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("batchSize", 0),
        ("batchSize", "4"),
        ("batchSize", True),
        ("batchSize", 1.5),
        ("maxBatchDelay", -1),
        ("useJobTicket", "yes"),
        ("deviceType", "tpu"),
        ("deviceIds", 1),
        ("deviceIds", [0, "1"]),
        ("deviceIds", [-1]),
        ("minWorkers", 0),
    ],
)
def test_a_value_that_does_not_fit_is_told_and_changes_nothing(
    key: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    given = WorkerSettings(batch_size=7, max_batch_delay=3)
    with caplog.at_level(logging.WARNING):
        assert settings({key: value}, given) == given
    assert f"model-config.yaml: {key} is {value!r} instead of" in caplog.text


@pytest.mark.parametrize(
    ("keys", "least", "most"),
    [
        ({"minWorkers": 2, "maxWorkers": 4}, 2, 4),
        ({"minWorkers": 5}, 5, 5),
        ({"minWorkers": 2}, 2, 3),
        ({"maxWorkers": 8}, 3, 8),
        ({"maxWorkers": 1}, 1, 1),
        ({"minWorkers": 4, "maxWorkers": 2}, 3, 3),
    ],
)
def test_numbers_of_workers_that_are_half_said_make_sense(keys: dict[str, Any], least: int, most: int) -> None:
    found = settings(keys, WorkerSettings(min_workers=3, max_workers=3))
    assert (found.min_workers, found.max_workers) == (least, most)


def test_keys_of_the_handler_and_of_others_play_no_part() -> None:
    assert settings({"handler": {"batchSize": 3}, "pt2": {}, "own": 1, "batchSize": None}) == WorkerSettings()


def test_what_there_is_not_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        settings({"parallelType": "tp", "torchrun": {"nproc-per-node": 2}})
    assert "parallelType has no effect here: each worker is one process" in caplog.text
    assert "torchrun has no effect here" in caplog.text
