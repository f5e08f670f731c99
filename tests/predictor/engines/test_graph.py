from collections.abc import Sequence

import pytest
import torch

from transformermodel_predictor.engines.engine import computed_by
from transformermodel_predictor.engines.graph import GraphEngine, padded
from transformermodel_predictor.engines.signature import GraphInput, Signature, read_signature
from transformermodel_predictor.tasks.task import Encoding

IDS = GraphInput("input_ids", bound=10, padding=9)
MASK = GraphInput("attention_mask", bound=2)
TYPES = GraphInput("token_type_ids", bound=2)
SIGNATURE = Signature(inputs=(IDS, MASK, TYPES), outputs=("logits",), max_length=4)


class Recorder:
    """A graph that notes what it was given, and answers each row with its own sum."""

    def __init__(self) -> None:
        self.shapes: list[list[int]] = []

    def __call__(self, tensors: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        self.shapes.append(list(tensors[0].shape))
        assert all(tensor.is_contiguous() and tensor.dtype is torch.int64 for tensor in tensors)
        return [(tensors[0] * tensors[1]).sum(dim=1).to(torch.bfloat16)]


def row(*ids: int, types: list[int] | None = None) -> Encoding:
    return Encoding({"input_ids": list(ids)} | ({"token_type_ids": types} if types else {}))


def test_rows_are_padded_on_the_right_in_the_order_of_the_signature() -> None:
    ids, mask, types = padded([row(1, 2, 3, types=[0, 1, 1]), row(4)], SIGNATURE)
    assert ids.tolist() == [[1, 2, 3], [4, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert types.tolist() == [[0, 1, 1], [0, 0, 0]]


def test_each_row_gets_its_own_output_in_float32() -> None:
    outputs = GraphEngine(SIGNATURE, Recorder()).run([row(1, 2), row(3)])
    assert [(one["logits"].item(), one["logits"].dtype) for one in outputs] == [(3, torch.float32)] * 2


def test_no_rows_are_no_pass() -> None:
    graph = Recorder()
    assert GraphEngine(SIGNATURE, graph).run([]) == []
    assert graph.shapes == []


def test_a_graph_for_batches_of_one_size_gets_no_other() -> None:
    graph = Recorder()
    fixed = Signature((IDS, MASK), ("logits",), max_length=4, batch_size=2, fixed_length=True)
    outputs = GraphEngine(fixed, graph).run([row(1), row(2), row(3)])
    assert graph.shapes == [[2, 4], [2, 4]]
    assert [one["logits"].item() for one in outputs] == [1, 2, 3]


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE,
        Signature((IDS, MASK), ("logits",), max_length=4, batch_size=2),
        Signature((IDS, MASK), ("logits",), max_length=4, batch_size=2, fixed_length=True),
    ],
)
def test_it_says_how_much_a_step_computes(signature: Signature) -> None:
    graph = Recorder()
    engine = GraphEngine(signature, graph)
    engine.run([row(1, 2, 3), row(4), row(5, 6)])
    assert computed_by(engine)([3, 1, 2]) == sum(rows * longest for rows, longest in graph.shapes)


def test_rows_that_may_not_be_padded_together_are_as_long_as_they_are() -> None:
    graph = Recorder()
    GraphEngine(Signature((IDS, MASK), ("logits",), max_length=4, batch_size=1), graph).run([row(1, 2, 3), row(4)])
    assert graph.shapes == [[1, 3], [1, 1]]


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (row(10), "input_ids holds 10; this model takes 0 to 9"),
        (row(-1), "input_ids holds -1; this model takes 0 to 9"),
        (row(1, types=[2]), "token_type_ids holds 2; this model takes 0 to 1"),
        (row(1, 2, 3, 4, 5), "a row has 5 tokens; this model takes 1 to 4"),
        (row(), "a row has 0 tokens; this model takes 1 to 4"),
    ],
)
def test_what_the_graph_has_no_row_for_does_not_reach_it(encoding: Encoding, message: str) -> None:
    graph = Recorder()
    with pytest.raises(ValueError, match=message):
        GraphEngine(SIGNATURE, graph).run([row(1), encoding])
    assert graph.shapes == []


class TestSignature:
    def test_it_is_read_as_it_was_written(self) -> None:
        signature = Signature((IDS, MASK), ("logits",), 4, batch_size=2, device="cpu", made_with={"torch": "2.13.0"})
        assert read_signature(signature.text()) == signature

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": [], "outputs": [], "max_length": 1, "new": 2}'])
    def test_what_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            read_signature(text)
