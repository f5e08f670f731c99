"""Values are printed as Go prints them; the expectations are Go's own output."""

import pytest

from transformermodel_api.validation.golang import bad_value, number, plain, quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1000000, "1000000"),
        (2**63, "9.223372036854776e+18"),
        (10**20, "1e+20"),
        (0.5, "0.5"),
        (-1.5, "-1.5"),
        (604800.0, "604800"),
        (1e6, "1e+06"),
        (1000000.5, "1.0000005e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
        (1e100, "1e+100"),
        (0.0, "0"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ('a"b\\', r'"a\"b\\"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\x01\x7f", r'"\x01\x7f"'),
        ("é😀", '"é😀"'),
        ("\u2028\u00a0", r'"\u2028\u00a0"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_quoted_text(text: str, literal: str) -> None:
    assert quoted(text) == literal


def test_other_values_are_json_without_html() -> None:
    assert bad_value({"b": ["<é", None], "a": True}) == r'{"a":true,"b":["\u003cé",null]}'
    assert bad_value(True) == "true"


def test_plain_values() -> None:
    assert plain({"b": [1, "x", None], "a": {}}) == "map[a:map[] b:[1 x <nil>]]"
