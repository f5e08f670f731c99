from typing import Any

import pytest

from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.wire.messages import Row, RowPart
from transformermodel_predictor.torchserve.worker.rows import row_headers, row_values


def part(value: bytes, content_type: str | None, name: str = "body") -> RowPart:
    return RowPart(name, memoryview(value), content_type)


@pytest.mark.parametrize(
    ("value", "content_type", "seen"),
    [
        (b'{"a": [1, null]}', "application/json", {"a": [1, None]}),
        (b'"text"', "application/json; charset=utf-8", "text"),
        (b"NaN", "application/json", pytest.approx(float("nan"), nan_ok=True)),
        (b"{broken", "application/json", bytearray(b"{broken")),
        ("Grüße".encode(), "text/plain", "Grüße"),
        (b"\xff\xfe", "text/plain", bytearray(b"\xff\xfe")),
        (b"\x89PNG", "image/png", bytearray(b"\x89PNG")),
        (b"plain", None, bytearray(b"plain")),
        (b"", None, bytearray(b"")),
    ],
)
def test_json_and_text_are_decoded_all_else_is_a_bytearray(value: bytes, content_type: str, seen: Any) -> None:
    row = row_values([part(value, content_type)], decode=True)
    assert row == {"body": seen}
    assert type(row["body"]) is type(seen) or content_type == "application/json"


def test_nothing_is_decoded_where_handlers_want_bytes() -> None:
    parts = [part(b"1", "application/json", "a"), part(b"x", "text/plain", "b")]
    assert row_values(parts, decode=False) == {"a": bytearray(b"1"), "b": bytearray(b"x")}


def test_a_form_becomes_a_row_with_its_fields_of_one_name_the_last_counts() -> None:
    parts = [part(b"1", None, "data"), part(b"2", "text/plain", "target"), part(b"3", "text/plain", "target")]
    assert row_values(parts, decode=True) == {"data": bytearray(b"1"), "target": "3"}


def test_the_headers_are_the_requests_and_its_parts_and_say_what_is_asked() -> None:
    parts = (part(b"1", "image/png", "data"),)
    row = Row(1, "r", {"accept": "x", "explain": "True", "describe": "True"}, parts)
    assert row_headers(row, CallKind.predict, parts) == {
        "accept": "x",
        "data": {"content-type": "image/png"},
        "explain": "False",
    }
    assert row_headers(row, CallKind.explain, parts)["explain"] == "True"
    assert row_headers(row, CallKind.describe, parts)["describe"] == "True"
