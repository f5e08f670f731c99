"""Stop strings, wherever the text is cut into parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.generation.stops import StopScanner


def scan(parts: list[str], stops: list[str]) -> tuple[str, bool]:
    scanner, told = StopScanner(stops), ""
    for part in parts:
        told += scanner.feed(part)
        if scanner.stopped:
            return told, True
    return told + scanner.flush(), False


@pytest.mark.parametrize("parts", [["one STOP two"], ["one ST", "OP two"], [*"one STOP two"]])
def test_text_ends_before_a_stop_string(parts: list[str]) -> None:
    assert scan(parts, ["STOP"]) == ("one ", True)


def test_the_first_of_several_counts() -> None:
    assert scan(["a b c"], ["c", "b"]) == ("a ", True)


def test_the_beginning_of_a_stop_string_is_held_back_until_it_is_none() -> None:
    scanner = StopScanner(["\n\nUser:"])

    assert scanner.feed("Yes.\n") == "Yes."
    assert scanner.feed("\nUse") == ""
    assert scanner.feed(" it") == "\n\nUse it"


def test_what_was_held_back_is_told_at_the_end() -> None:
    assert scan(["one", " ST"], ["STOP"]) == ("one ST", False)


@given(st.text("ab", max_size=20), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3), st.data())
def test_the_parts_do_not_matter(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    places = [text.find(stop) for stop in stops if stop in text]

    told, stopped = scan(parts, stops)

    assert stopped == bool(places)
    assert told == (_before_the_first_complete(text, stops) if places else text)


def _before_the_first_complete(text: str, stops: list[str]) -> str:
    """The stop string that is complete first ends the text; of those that are complete at once, the longest."""
    end, stop = min((text.find(stop) + len(stop), -len(stop)) for stop in stops if stop in text)
    return text[: end + stop]
