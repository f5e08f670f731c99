"""Bodies as JSON values."""

import pytest

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.bodies import parse_json


@pytest.mark.parametrize("value", [b"[]", b"{}"])
def test_a_body_of_nothing_but_lists_or_objects_is_refused_unread(value: bytes) -> None:
    with pytest.raises(InvalidRequest, match="more than 524288 lists and objects; send several requests"):
        parse_json(b"[" + (value + b",") * 524_288 + b"not JSON")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is not JSON: it is empty"),
        ('{"instances": ["a"]}'.encode("utf-16"), "the body is not JSON: byte 0 is not UTF-8 text"),
        ('["Gr\u00f6\u00dfe"]'.encode("latin-1"), "the body is not JSON: byte 4 is not UTF-8 text"),
        (b'{"instances": ["a"', "the body is not JSON: unexpected end of data"),
    ],
    ids=["empty", "utf-16", "latin-1", "cut"],
)
def test_what_is_wrong_with_a_body_is_told_in_words(body: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        parse_json(body)


def test_a_body_of_numbers_is_read() -> None:
    assert len(parse_json(b"[" + b"1," * 600_000 + b"1]")) == 600_001
