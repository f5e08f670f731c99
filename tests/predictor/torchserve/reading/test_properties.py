"""Java's properties files."""

import pytest

from transformermodel_predictor.torchserve.reading.properties import read_properties


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=b", {"a": "b"}),
        ("a = b c ", {"a": "b c "}),
        ("a: b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("  a=b", {"a": "b"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("url=http://127.0.0.1:8080", {"url": "http://127.0.0.1:8080"}),
        ("# a=b\n! c=d\n\n e=f", {"e": "f"}),
        ("a=1\na=2", {"a": "2"}),
        ("a=one \\\n   two", {"a": "one two"}),
        ("a={\\\n  # no comment\\\n}", {"a": "{# no comment}"}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        (r"a\ b\=c=d\te\u00e9", {"a b=c": "d\teé"}),
        ("a=b\r\nc=d\r\n", {"a": "b", "c": "d"}),
        ("a=b\\", {"a": "b"}),
    ],
)
def test_lines_are_read_as_java_reads_them(text: str, values: dict[str, str]) -> None:
    assert read_properties(text) == values
