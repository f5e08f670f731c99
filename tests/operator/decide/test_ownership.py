"""Whose an object is."""

import pytest

from transformermodel_api.model import Metadata
from transformermodel_operator.decide.ownership import Ownership, ownership

OWNER = Metadata(name="sentiment", namespace="team", uid="uid-of-model")


@pytest.mark.parametrize(
    ("kind", "name", "uid", "controls", "whose"),
    [
        ("TransformerModel", "sentiment", "uid-of-model", True, Ownership.Ours),
        ("TransformerModel", "sentiment", "uid-of-the-former", True, Ownership.Leftover),
        ("TransformerModel", "other", "uid-of-other", True, Ownership.Foreign),
        ("Pipeline", "sentiment", "uid-of-pipeline", True, Ownership.Foreign),
        ("TransformerModel", "sentiment", "uid-of-model", False, Ownership.Foreign),
    ],
)
def test_an_object_belongs_to_its_controller(kind: str, name: str, uid: str, controls: bool, whose: Ownership) -> None:
    owner = {"kind": kind, "name": name, "uid": uid, "controller": controls}
    assert ownership({"metadata": {"ownerReferences": [owner]}}, OWNER) is whose


def test_what_nobody_owns_is_somebody_elses() -> None:
    assert ownership({"metadata": {}}, OWNER) is Ownership.Foreign
