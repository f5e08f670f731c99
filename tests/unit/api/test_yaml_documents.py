"""YAML becomes JSON as kubectl makes it (Go's rules, not PyYAML's)."""

import pytest

from transformermodel_api.yaml_documents import NotJson, documents


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("1e3", 1000),
        ("2.0", 2),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1),
        ("1e-3", 0.001),
        ("1e400", "1e400"),
        ("6853e10", 68530000000000),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 15),
        ("09", 9),
        ("0b11", 3),
        ("-1_000", -1000),
        ("99999999999999999999", 99999999999999999999),
        pytest.param("9" * 400, "9" * 400, id="a number that is too large"),
        pytest.param("9" * 5000, "9" * 5000, id="a number with more digits than Python converts"),
        ("0x_", "0x_"),
        ("!!float 3", 3),
        ("!!float 0x1F", 31),
        ("!!int '3'", 3),
        ("yes", True),
        ("y", True),
        ("Off", False),
        ("~", None),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("1.2.3", "1.2.3"),
        ("0123456789abcdef", "0123456789abcdef"),
    ],
)
def test_a_scalar_has_the_type_that_kubectl_gives_it(scalar: str, value: object) -> None:
    assert list(documents(f"value: {scalar}")) == [{"value": value}]


def test_keys_become_text() -> None:
    assert list(documents("{2: a, yes: b, 1.5: c}")) == [{"2": "a", "true": "b", "1.5": "c"}]


def test_anchors_and_merges() -> None:
    assert list(documents("a: &a {x: 1}\nb: {<<: *a, z: 2}")) == [{"a": {"x": 1}, "b": {"x": 1, "z": 2}}]


def test_empty_documents_are_left_out() -> None:
    assert list(documents("---\n---\na: 1\n---\n# only a comment\n---\nb: 2\n")) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2", "line 2, column 2: expected ',' or ']'"),
        ("a: 'x", "line 1, column 6: found unexpected end of stream"),
        ("a: !!python/name:os.system", "line 1, column 4: could not determine a constructor"),
        ("a: !!int foo", "line 1, column 4: 'foo' is not of type int"),
        ("a: !!int 3.0", "line 1, column 4: '3.0' is not of type int"),
        ("a: !!float foo", "line 1, column 4: 'foo' is not of type float"),
        ("a: !!bool maybe", "line 1, column 4: 'maybe' is not of type bool"),
        ("a: !!null foo", "line 1, column 4: 'foo' is not of type null"),
        pytest.param("[" * 3000, "it is nested too deeply", id="too deep"),
        ("a: !!binary aGk=", "could not determine a constructor"),
        ("a: .inf", "must be as plain as JSON"),
        ("&a [*a]", "must be as plain as JSON: Circular"),
        ("a: \x01", "special characters are not allowed"),
        ("? [a]\n: b", "line 1, column 3: found unhashable key"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(NotJson) as caught:
        list(documents(text))

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
