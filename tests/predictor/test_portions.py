"""Long work leaves the event loop to others now and then."""

from collections import Counter

from tests.predictor.event_loop import rounds_counted
from transformermodel_predictor.portions import PORTION, in_portions


async def test_all_items_come_in_their_order() -> None:
    assert [item async for item in in_portions(iter(range(10)), 3)] == list(range(10))


async def test_no_more_than_a_portion_is_worked_on_at_one_go() -> None:
    async with rounds_counted() as rounds:
        worked = Counter([rounds.count async for _ in in_portions(range(10 * PORTION))])

    assert max(worked.values()) == PORTION


async def test_a_single_portion_is_worked_on_without_a_pause() -> None:
    async with rounds_counted() as rounds:
        assert {rounds.count async for _ in in_portions(range(PORTION))} == {0}
