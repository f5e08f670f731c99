"""Bodies as JSON values."""

import pytest

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.exchange import parse_json


@pytest.mark.parametrize("value", [b"[]", b"{}"])
def test_a_body_of_nothing_but_lists_or_objects_is_refused_unread(value: bytes) -> None:
    with pytest.raises(InvalidRequest, match="more than 524288 lists and objects; send several requests"):
        parse_json(b"[" + (value + b",") * 524_288 + b"not JSON")


def test_a_body_of_numbers_is_read() -> None:
    assert len(parse_json(b"[" + b"1," * 600_000 + b"1]")) == 600_001
