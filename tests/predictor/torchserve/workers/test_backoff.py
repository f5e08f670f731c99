from transformermodel_predictor.torchserve.workers.backoff import Backoff


def test_it_begins_at_once_and_takes_longer_from_time_to_time() -> None:
    backoff = Backoff(limit=300)
    delays = [backoff.failed(now=0) for _ in range(12)]
    assert delays[:4] == [0, 1, 1, 2]
    assert delays == sorted(delays)
    assert delays[-1] == delays[-2] == 55


def test_it_gives_up_when_it_has_tried_for_too_long() -> None:
    backoff = Backoff(limit=300)
    assert [backoff.failed(now) for now in (100, 400, 401)] == [0, 1, None]


def test_it_begins_anew_after_it_has_worked() -> None:
    backoff = Backoff(limit=300)
    backoff.failed(now=0)
    backoff.failed(now=100)
    backoff.worked()
    assert backoff.failed(now=1000) == 0
