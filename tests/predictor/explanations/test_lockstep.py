from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tests.predictor.explanations.by_hand import OnlyLogit
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.gradients import results_of_row
from transformermodel_predictor.explanations.lockstep import run_in_lockstep
from transformermodel_predictor.explanations.rows import ForwardRow, GradientRow, Result, RowGenerator
from transformermodel_predictor.tasks.task import Alignment, Encoding, Outputs


def row(token: int) -> ForwardRow:
    return ForwardRow(Encoding({"input_ids": [token]}), OnlyLogit())


def adding(tokens: list[list[int]]) -> RowGenerator[float]:
    """Asks for some rows at a time, and adds up what it is told."""
    total = 0.0
    for some in tokens:
        results = yield [row(token) for token in some]
        assert len(results) == len(some)
        total += sum(result.value for result in results)
    return total


def found(asking: RowGenerator[list[float]]) -> tuple[list[float], list[list[int]]]:
    """What is found when each row is told its token, and which rows were asked for together."""
    asked: list[list[int]] = []
    results: list[Result] | None = None
    while True:
        try:
            rows = next(asking) if results is None else asking.send(results)
        except StopIteration as ended:
            return ended.value, asked
        asked.append([wanted.encoding.features["input_ids"][0] for wanted in rows])
        results = [Result(float(token)) for token in asked[-1]]


def test_each_is_told_its_own_rows_until_it_has_what_it_wants() -> None:
    asking = [adding([[1, 2], [3]]), adding([]), adding([[10]]), adding([[100], [200], [300]])]
    assert found(run_in_lockstep(asking)) == ([6.0, 0.0, 10.0, 600.0], [[1, 2, 10, 100], [3, 200], [300]])


def test_nothing_asks_for_nothing() -> None:
    assert found(run_in_lockstep([])) == ([], [])


class Noted:
    """An engine that notes what it runs; its logits are the tokens."""

    padding_free = True

    def __init__(self) -> None:
        self.run_on: list[int] = []

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        rows = [list(encoding.features["input_ids"]) for encoding in batch]
        self.run_on += [token for tokens in rows for token in tokens]
        return [{"logits": torch.tensor(tokens, dtype=torch.float64)} for tokens in rows]


@dataclass(frozen=True)
class Times:
    """The first logit times a number."""

    factor: float

    def value(self, outputs: Outputs) -> torch.Tensor:
        return self.factor * outputs["logits"][0]


def listing(tokens: list[int], factor: float) -> RowGenerator[list[float]]:
    results = yield [ForwardRow(row(token).encoding, Times(factor)) for token in tokens]
    return [result.value for result in results]


def test_what_several_want_to_know_of_one_sequence_is_run_once() -> None:
    engine = Noted()
    asking = [listing([1, 2, 1], 1.0), listing([2, 3], 10.0), listing([3], -1.0)]
    assert drive(run_in_lockstep(asking), engine) == [[1.0, 2.0, 1.0], [20.0, 30.0], [-3.0]]
    assert engine.run_on == [1, 2, 3]


class NotedTwin:
    """A twin that notes what it runs; its gradients are its embeddings."""

    def __init__(self) -> None:
        self.run_on: list[tuple[float, int]] = []

    def embed(self, encoding: Encoding) -> torch.Tensor:
        raise NotImplementedError

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        self.run_on += [(float(row.embedded), len(row.objectives)) for row in rows]
        return [
            results_of_row(
                [float(one.value({"logits": row.embedded[0]})) for one in row.objectives],
                [row.embedded] * len(row.objectives),
            )
            for row in rows
        ]


def sloping(places: list[float], factor: float) -> RowGenerator[list[tuple[float, float]]]:
    results = yield [GradientRow(row(7).encoding, torch.tensor([[place]]), Times(factor)) for place in places]
    assert not any(result.further for result in results)
    return [(result.value, float(result.gradient)) for result in results if result.gradient is not None]


def test_gradients_of_several_objectives_at_one_point_share_the_pass_forward() -> None:
    twin = NotedTwin()
    asking = [sloping([1.0, 2.0], 1.0), sloping([2.0, 3.0], 10.0), sloping([2.0], -1.0)]
    assert drive(run_in_lockstep(asking), twin=twin) == [
        [(1.0, 1.0), (2.0, 2.0)],
        [(20.0, 2.0), (30.0, 3.0)],
        [(-2.0, 2.0)],
    ]
    assert sorted(twin.run_on) == [(1.0, 1), (2.0, 3), (3.0, 1)]


def test_no_more_gradients_are_taken_of_one_pass_than_leave_it_short() -> None:
    twin = NotedTwin()
    drive(run_in_lockstep([sloping([1.0], float(factor)) for factor in range(20)]), twin=twin)
    assert [objectives for _, objectives in twin.run_on] == [8, 8, 4]


def test_sequences_that_differ_in_another_feature_are_not_one() -> None:
    def of_kind(kind: int) -> RowGenerator[float]:
        (result,) = yield [ForwardRow(Encoding({"input_ids": [7], "token_type_ids": [kind]}), Times(1.0))]
        return result.value

    engine = Noted()
    assert drive(run_in_lockstep([of_kind(0), of_kind(1)]), engine) == [7.0, 7.0]
    assert engine.run_on == [7, 7]


def test_sequences_of_which_another_part_is_the_question_are_not_one() -> None:
    """Some models are told which part it is."""

    def of_texts(*texts: int) -> RowGenerator[float]:
        (result,) = yield [ForwardRow(Encoding(features, alignment=Alignment(texts, [], [], [])), Times(1.0))]
        return result.value

    features = {"input_ids": [7, 8]}
    engine = Noted()
    assert drive(run_in_lockstep([of_texts(0, 0), of_texts(0, 1), of_texts(0, 1)]), engine) == [7.0, 7.0, 7.0]
    assert engine.run_on == [7, 8, 7, 8]
