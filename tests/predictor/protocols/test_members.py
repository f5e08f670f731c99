import pytest

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.members import refuse_misspelt

KNOWN = ("inputs", "outputs", "parameters")


def test_the_member_that_is_meant_is_named() -> None:
    with pytest.raises(InvalidRequest, match="no member 'Parameters': did you mean parameters") as refusal:
        refuse_misspelt({"inputs": [], "Parameters": {}}, KNOWN)
    assert refusal.value.field == "Parameters"


def test_a_member_like_one_that_is_there_too_is_no_slip() -> None:
    refuse_misspelt({"inputs": [], "input": "file.txt"}, KNOWN)


def test_what_is_no_object_is_left_to_its_reader() -> None:
    refuse_misspelt(["parametres"], KNOWN)


def test_a_long_name_is_not_repeated() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        refuse_misspelt({"parameters" + " " * 5 + "x" * 10**6: 1}, ("parameters     " + "x" * 32,))
    assert len(str(refusal.value)) < 150


def test_of_very_many_members_a_few_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(
        "transformermodel_predictor.protocols.members.get_close_matches",
        lambda name, *_, **__: compared.append(name) or [],
    )
    refuse_misspelt({f"member-{number}": number for number in range(10_000)}, KNOWN)
    assert len(compared) < 100
