import pytest

from transformermodel_predictor.torchserve.worker_settings import DeviceType, WorkerSettings
from transformermodel_predictor.torchserve.workers.devices import DeviceTurns


def devices(count: int, workers: int, **settings: object) -> list[int | None]:
    turns = DeviceTurns("model", WorkerSettings(**settings), count)  # type: ignore[arg-type]
    return [turns.next() for _ in range(workers)]


def test_workers_take_the_wanted_devices_in_turn() -> None:
    assert devices(4, 5, device_ids=(1, 3)) == [1, 3, 1, 3, 1]


def test_the_workers_of_several_models_take_turns() -> None:
    assert sorted(device for _ in range(2) for device in devices(2, 1) if device is not None) == [0, 1]


def test_without_accelerators_or_where_none_are_wanted_workers_run_on_the_cpu() -> None:
    assert devices(0, 2) == [None, None]
    assert devices(4, 2, device_type=DeviceType.cpu, device_ids=(1,)) == [None, None]


def test_what_is_wanted_and_not_there_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert set(devices(2, 4, device_ids=(0, 5))) == {0, 1}
    assert "wants the devices (0, 5) and there are 2" in caplog.text
    assert devices(0, 1, device_type=DeviceType.gpu) == [None]
    assert "wants accelerators and there are none" in caplog.text
