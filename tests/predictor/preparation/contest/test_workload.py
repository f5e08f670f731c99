import pytest

from transformermodel_predictor.preparation.contest.workload import workload
from transformermodel_predictor.tasks.task import Encoding


@pytest.mark.parametrize(
    ("lengths", "batch", "singles"),
    [
        ([5], [5] * 8, [5]),
        ([5, 9], [5, 9] * 4, [5, 9]),
        ([50, 5, 600, 9], [50, 5, 9, 50, 5, 9, 50, 5], [5, 9, 50]),  # 600 is more than its share of 800 / 8
        ([300, 600], [300, 300], [300]),  # all are long: the shortest, as often as they fit
        ([2000], [2000], [2000]),
        ([7, 1, 2, 3, 4, 5, 6, 8], [7, 1, 2, 3, 4, 5, 6, 8], [1, 3, 5, 7]),
    ],
)
def test_a_step_is_filled_with_texts_of_usual_length(lengths: list[int], batch: list[int], singles: list[int]) -> None:
    work = workload([Encoding({"input_ids": [0] * length}) for length in lengths], rows=8, tokens=800)
    assert [len(encoding) for encoding in work.batch] == batch
    assert [len(encoding) for encoding in work.singles] == singles
