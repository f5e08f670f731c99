import json

import pytest

from transformermodel_predictor.tasks.entities import Aggregation
from transformermodel_predictor.tasks.parameters import (
    Parameter,
    choice,
    flag,
    number,
    read_parameters,
    text_field,
    texts,
    whole,
)
from transformermodel_predictor.tasks.task import InvalidQuestion

KNOWN = (
    Parameter("many", whole(1, 9), 3, "how many"),
    Parameter("share", number(0, 1), 0.5, "how much"),
    Parameter("wanted", flag(), False, "whether"),
    Parameter("way", choice(Aggregation), Aggregation.simple, "how"),
    Parameter("names", texts(), (), "which"),
)


def test_what_is_not_sent_has_its_default() -> None:
    default = {"many": 3, "share": 0.5, "wanted": False, "way": Aggregation.simple, "names": ()}
    assert read_parameters({}, KNOWN) == default
    assert read_parameters({"many": None}, KNOWN) == default


@pytest.mark.parametrize(
    ("name", "sent", "read"),
    [
        ("many", 9, 9),
        ("many", "9", 9),
        ("many", 9.0, 9),
        ("share", 1, 1.0),
        ("share", "0.25", 0.25),
        ("wanted", True, True),
        ("way", "max", Aggregation.max),
        ("names", ["a", "b"], ("a", "b")),
        ("names", '["a", "b"]', ("a", "b")),
        ("names", "a", ("a",)),
        ("names", "[a", ("[a",)),
    ],
)
def test_values_of_json_and_of_grpc_are_read(name: str, sent: object, read: object) -> None:
    assert read_parameters({name: sent}, KNOWN)[name] == read


@pytest.mark.parametrize(
    ("name", "sent", "problem"),
    [
        ("many", 0, "many must be a whole number from 1 to 9"),
        ("many", True, "many must be a whole number"),
        ("many", 1.5, "many must be a whole number"),
        ("many", "nan", "many must be a whole number"),
        ("share", 2, "share must be a number from 0 to 1"),
        ("share", "much", "share must be a number"),
        ("share", float("nan"), "share must be a number"),
        ("wanted", 1, "wanted must be true or false"),
        ("way", "best", "way must be one of none, simple, first, average, max"),
        ("names", [1], "names must be a list of strings"),
        ("other", 1, "parameter 'other' is not known; there are many, share, wanted, way and names"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, sent: object, problem: str) -> None:
    with pytest.raises(InvalidQuestion, match=problem):
        read_parameters({name: sent}, KNOWN)


def test_a_text_must_be_there_and_be_a_text() -> None:
    assert text_field({"text": ""}, "text") == ""
    with pytest.raises(InvalidQuestion, match="text is missing"):
        text_field({}, "text")
    with pytest.raises(InvalidQuestion, match="text must be a string"):
        text_field({"text": None}, "text")
    with pytest.raises(InvalidQuestion, match=r"text has half of a character, '\\udd8a', at position 4"):
        text_field(json.loads(r'{"text": "fox \udd8a"}'), "text")
