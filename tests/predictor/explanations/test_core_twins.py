import os
import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from tests.predictor.engines.packed.architectures import HEADS, Architecture, sequences
from transformermodel_predictor.engines.cores import Cores, _made_once
from transformermodel_predictor.explanations.core_twins import CoreTwins
from transformermodel_predictor.explanations.packed_twin import PackedTwin
from transformermodel_predictor.explanations.pauses import Pause
from transformermodel_predictor.explanations.probes import probes_for
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.tasks.task import Encoding


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    _made_once.cache_clear()
    yield
    _made_once.cache_clear()
    torch.set_num_threads(threads)


@pytest.mark.parametrize("head", HEADS)
def test_rows_in_shares_give_what_each_gives_alone(head: str) -> None:
    model = Architecture("Bert").model(head)
    twin = twin_of(model)
    assert isinstance(twin, CoreTwins)
    (probe, _) = probes_for(model.config)
    asked = [
        GradientRow(encoding, twin.embed(encoding), probe.objective) for encoding in sequences(40, 31, 17, 40, 25, 38)
    ]
    alone = [result for row in asked for result in twin.run([row])]
    for found, expected in zip(twin.run(asked), alone, strict=True):
        assert found.value == pytest.approx(expected.value, rel=1e-4, abs=1e-5)
        assert found.gradient is not None
        assert expected.gradient is not None
        torch.testing.assert_close(found.gradient, expected.gradient, rtol=1e-3, atol=1e-5)


class Counting(PackedTwin):
    """Goes from layer to layer until the test has seen enough."""

    def __init__(self, between_layers: Pause, seen: threading.Event) -> None:
        self._between_layers, self._seen = between_layers, seen
        self.layers = 0

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        while not self._seen.is_set():
            self._between_layers()
            self.layers += 1
        return [Result(float(self.layers)) for _ in rows]


def test_passes_halt_while_the_calling_thread_does_something_else() -> None:
    seen = threading.Event()
    twins: list[Counting] = []
    callers: list[int] = []
    went_on: list[int] = []

    def make(between_layers: Pause | None) -> PackedTwin:
        assert between_layers is not None
        twins.append(Counting(between_layers, seen))
        return twins[-1]

    def pause() -> None:
        callers.append(threading.get_ident())
        before = sum(twin.layers for twin in twins)
        for _ in range(1000):
            os.sched_yield()
        went_on.append(sum(twin.layers for twin in twins) - before)
        if len(went_on) == 20:
            seen.set()

    row = GradientRow(
        Encoding({"input_ids": [5] * 100}), torch.zeros(100, 4), probes_for(_configuration())[0].objective
    )
    CoreTwins(Cores(2), make, pause).run([row, row])
    assert set(callers) == {threading.get_ident()}
    assert max(went_on) <= len(twins), "each may end the layer that it was in"
    assert min(twin.layers for twin in twins) > 0


def _configuration() -> object:
    return Architecture("Bert").model(HEADS[0]).config
