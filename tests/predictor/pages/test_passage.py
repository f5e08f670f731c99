from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predictor.pages.explained import HOSTILE, TEXT, explanation
from tests.predictor.pages.reading import read
from transformermodel_predictor.explanations.explanation import Part
from transformermodel_predictor.pages.passage import passages, pieces
from transformermodel_predictor.pages.shading import signed


@pytest.mark.parametrize("text", [TEXT, HOSTILE, "  one  "])
def test_the_text_stands_there_as_it_was_typed(text: str) -> None:
    page = read(passages(explanation(text), {"text": text}))
    assert [passage.text for passage in page.all("p", "passage")] == [text]


@given(st.text(max_size=30), st.lists(st.integers(0, 30), max_size=8))
def test_pieces_make_up_the_text_whatever_the_words_places_are(text: str, places: list[int]) -> None:
    words = [Part("", "text", start, end, 0.0) for start, end in pairwise(sorted(min(len(text), p) for p in places))]
    assert "".join(piece for piece, _ in pieces(text, words)) == text


def test_thickness_and_kind_of_the_line_say_what_the_colour_does_and_the_strongest_have_numbers() -> None:
    page = read(passages(explanation(TEXT, 0, 0, 0.02, -0.8, 0, 0.1, 0.4), {"text": TEXT}))
    styles = {word.text: word.attributes["class"] for word in page.all("span", "word")}
    assert (styles["plot"], styles["I"]) == ("word", "word for level-1")
    assert (styles["dull,"], styles["loved"]) == ("word against level-10", "word for level-5")
    numbers = {word.all("span")[0].text: word.all("rt")[0].text for word in page.all("ruby")}
    assert numbers == {"dull,": "\N{MINUS SIGN}0.80", "loved": "+0.40"}


def test_words_stand_apart_where_the_text_is_not_known() -> None:
    page = read(passages(explanation(TEXT), {}))
    assert page.text == "The plot was dull, but I loved it."


def test_the_prompt_of_a_conversation_comes_with_the_explanation() -> None:
    spoken = explanation("hello you")
    words = tuple(Part(word.text, "prompt", word.start + 5, word.end + 5, 0.0) for word in spoken.words)
    chat = type(spoken)(spoken.method, "x", 1, words, words, None, 1, {"prompt": "<|u|>hello you"})
    assert read(passages(chat, {})).text == "<|u|>hello you"


def test_an_entity_is_a_part_of_the_text_that_is_shown() -> None:
    entity = replace(explanation(TEXT), details={"text": "plot", "start": 4, "end": 8})
    assert read(passages(entity, {"text": TEXT})).text == TEXT


def test_nothing_is_shaded_where_nothing_matters() -> None:
    assert not read(passages(explanation(TEXT), {"text": TEXT})).all("ruby")


@pytest.mark.parametrize(
    ("number", "text"), [(0.5, "+0.50"), (-0.5, "\N{MINUS SIGN}0.50"), (-0.001, "0.00"), (0, "0.00")]
)
def test_numbers_have_signs(number: float, text: str) -> None:
    assert signed(number) == text
