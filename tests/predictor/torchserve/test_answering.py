"""Rows as TorchServe hands them over, answered and explained by a prepared model."""

import pytest

from tests.predictor.tiny import LABELS
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.torchserve.answering import PackedModel

TEXTS = ("i love this movie", "it was bad")


@pytest.fixture(scope="module")
def packed(tiny_model: LoadedModel) -> PackedModel:
    return PackedModel(tiny_model)


def test_rows_of_one_batch_are_answered_explained_and_refused_side_by_side(
    packed: PackedModel, tiny_model: LoadedModel
) -> None:
    rows = [{"body": TEXTS[0].encode()}, {"data": TEXTS[1]}, {"body": b"\xff"}, {"body": {"text": "good", "target": 9}}]
    answered, explained, unreadable, without_target = packed.answer(rows, [False, True, True, True])
    assert answered.body == tiny_model.answer([{"text": TEXTS[0]}])[0]["label"]
    assert isinstance(explained.body, dict)
    assert explained.content_type == "application/json"
    assert explained.body["words"] == TEXTS[1].split()
    assert any(explained.body["importances"])
    assert (unreadable.status, without_target.status) == (400, 400)
    assert ", ".join(LABELS) in str(without_target.body)


def test_a_target_is_explained_in_every_batch_anew(packed: PackedModel) -> None:
    told = []
    for target in (0, 2):
        (answer,) = packed.answer([{"body": {"text": TEXTS[0], "target": target}}], [True])
        assert isinstance(answer.body, dict)
        told.append(answer.body["importances"])
    assert told[0] != told[1]
