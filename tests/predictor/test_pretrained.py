import pytest

from transformermodel_predictor.pretrained import may_take_attention


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "roberta", "electra", "albert", "modernbert"])
def test_architectures_that_leave_attention_open_may_be_given_another(architecture: str) -> None:
    assert may_take_attention(architecture)


@pytest.mark.parametrize("architecture", ["deberta", "deberta-v2", "mpnet"])
def test_architectures_with_an_attention_of_their_own_may_not(architecture: str) -> None:
    assert not may_take_attention(architecture)


@pytest.mark.parametrize("architecture", ["", "nobody-knows"])
def test_of_an_architecture_that_nobody_knows_nothing_is_known(architecture: str) -> None:
    assert may_take_attention(architecture)
