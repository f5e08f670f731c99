from tests.predictor.explanations.by_hand import OnlyLogit
from transformermodel_predictor.explanations.rows import Asking, ForwardRow, Result
from transformermodel_predictor.explanations.together import together
from transformermodel_predictor.tasks.task import Encoding


def row(token: int) -> ForwardRow:
    return ForwardRow(Encoding({"input_ids": [token]}), OnlyLogit())


def adding(tokens: list[list[int]]) -> Asking[float]:
    """Asks for some rows at a time, and adds up what it is told."""
    total = 0.0
    for some in tokens:
        results = yield [row(token) for token in some]
        assert len(results) == len(some)
        total += sum(result.value for result in results)
    return total


def found(asking: Asking[list[float]]) -> tuple[list[float], list[list[int]]]:
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
    assert found(together(asking)) == ([6.0, 0.0, 10.0, 600.0], [[1, 2, 10, 100], [3, 200], [300]])


def test_nothing_asks_for_nothing() -> None:
    assert found(together([])) == ([], [])
