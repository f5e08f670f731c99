import pytest

from transformermodel_cli.progress import amount


@pytest.mark.parametrize(
    ("done", "total", "speed", "shown"),
    [
        (0, 90_900_000, None, "0 bytes of 90.9 MB"),
        (12_600_000, 90_900_000, 5_000_000.0, "12.6 MB of 90.9 MB, 5.0 MB/s, 0:00:16 left"),
        (90_900_000, 90_900_000, 5_000_000.0, "90.9 MB of 90.9 MB"),
        (0, 0, None, "0 bytes of 0 bytes"),
    ],
)
def test_bytes_come_with_their_rate_and_the_remaining_time(
    done: int, total: int, speed: float | None, shown: str
) -> None:
    assert amount(done, total, speed) == shown
