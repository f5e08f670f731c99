import torch

from transformermodel_predictor.engines.packed.attention_call import AttentionCall, band
from transformermodel_predictor.engines.packed.runs import Run


def test_a_window_has_as_many_positions_to_each_side() -> None:
    assert band(4, 2, torch.device("cpu")).long().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]


def test_sequences_no_longer_than_the_window_need_no_mask() -> None:
    tensor = torch.zeros(1, 1, 4, 1)
    run = Run(start=0, length=4, count=1)
    assert AttentionCall(tensor, tensor, tensor, window=4).seen_in(run) is None
    assert AttentionCall(tensor, tensor, tensor).seen_in(run) is None


def test_first_tokens_alone_see_their_side_of_the_window() -> None:
    tensor = torch.zeros(1, 1, 4, 1)
    seen = AttentionCall(tensor, tensor, tensor, window=2, first_alone=True).seen_in(Run(start=0, length=4, count=1))
    assert seen is not None
    assert seen.long().tolist() == [[1, 1, 0, 0]]
