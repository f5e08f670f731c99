import pytest

from transformermodel_predictor.engines.buckets import Buckets


def test_lengths_double_up_to_the_longest() -> None:
    assert Buckets.up_to(150).lengths == (16, 32, 64, 128, 150)
    assert Buckets.up_to(128).lengths == (16, 32, 64, 128)
    assert Buckets.up_to(10).lengths == (10,)


@pytest.mark.parametrize(
    ("batch", "shape"), [((1, 1), (1, 16)), ((3, 16), (4, 16)), ((32, 17), (32, 32)), ((5, 150), (8, 150))]
)
def test_a_batch_goes_into_the_smallest_shape_that_holds_it(batch: tuple[int, int], shape: tuple[int, int]) -> None:
    assert Buckets.up_to(150).around(*batch) == shape


def test_every_shape_is_walked_through_once_the_largest_first() -> None:
    shapes = list(Buckets.up_to(32))
    assert shapes[0] == (32, 32)
    assert len(shapes) == len(set(shapes)) == 6 * 2
