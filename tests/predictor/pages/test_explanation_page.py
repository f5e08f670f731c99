import base64
import hashlib
import re
from dataclasses import replace

import pytest

from tests.predictor.pages.explained import HOSTILE, TEXT, explanation, of_target, question
from tests.predictor.pages.reading import Node, read
from transformermodel_predictor.explanations.explanation import Explained, Method
from transformermodel_predictor.pages.explanation_page import ExplainedQuestion, explanation_page

IMPORTANCES = (0, -0.1, 0, -0.77, 0, 0.03, 0.53)


def page_of(*rows: ExplainedQuestion) -> Node:
    return read(explanation_page("sentiment", rows).html)


def test_it_says_the_answer_the_target_its_probability_and_what_the_numbers_cost() -> None:
    page = page_of(question(TEXT, explanation(TEXT, *IMPORTANCES)))
    facts = {fact.all("dt")[0].text: fact.all("dd")[0].text for fact in page.all("dl")[0].all("div")}
    assert facts == {"Label": "POSITIVE", "Score": "0.92"}
    assert [heading.text for heading in page.all("h3")] == ["Why POSITIVE?"]
    assert "Probability92.0 %" in page.text
    assert "Delta0.003" in page.text
    assert "Steps29" in page.text


def test_headings_go_down_one_by_one() -> None:
    page = page_of(question(TEXT, explanation(TEXT)), question(TEXT, explanation(TEXT)))
    levels = [
        int(level) for level in re.findall(r"<h(\d)", explanation_page("m", [question(TEXT, explanation(TEXT))]).html)
    ]
    assert levels == [1, 2, 2, 3, 4]
    assert [heading.text for heading in page.all("h2")] == ["How to read it", "Row 0", "Row 1"]


def test_methods_stand_side_by_side_and_in_one_table() -> None:
    methods = (Method.IntegratedGradients, Method.KernelShap)
    page = page_of(question(TEXT, *(explanation(TEXT, *IMPORTANCES, method=method) for method in methods)))
    (group,) = page.all("div", "methods")
    assert [article.all("h4")[0].text for article in group.all("article")] == ["Integrated gradients", "KernelSHAP"]
    (table,) = page.all("table")
    assert [cell.text for cell in table.all("th")[:4]] == ["Word", "Where", "Integrated gradients", "KernelSHAP"]
    (dull,) = [row for row in table.all("tr") if row.text.startswith("dull,")]
    assert [cell.text for cell in dull.all("td")] == ["text 14\N{EN DASH}19", *["\N{MINUS SIGN}0.77"] * 2]


def test_each_target_has_its_methods() -> None:
    both = [
        of_target(explanation(TEXT, method=method), target)
        for method in (Method.Lime, Method.Saliency)
        for target in ("LOC", "PER", "PER")
    ]
    page = page_of(question(TEXT, *both))
    assert [len(group.all("article")) for group in page.all("div", "methods")] == [2, 2, 2]
    assert [heading.text for heading in page.all("h3")] == ["Why LOC?", "Why PER?", "Why PER?"]


def test_entities_are_told_in_words_and_their_targets_by_their_text() -> None:
    found = [{"entity": "PER", "score": 0.82934, "text": "Sarah"}, {"entity": "LOC", "score": 0.9, "text": "Oslo"}]
    why = [replace(explanation(TEXT), target=one["entity"], details={"text": one["text"], "start": 3}) for one in found]
    page = page_of(ExplainedQuestion({"text": TEXT}, Explained({"entities": found}, tuple(why))))
    assert page.all("dd")[0].text == "entity PER, score 0.8293, text Sarah\nentity LOC, score 0.9, text Oslo"
    assert [heading.text for heading in page.all("h3")] == ["Why PER: “Sarah”?", "Why LOC: “Oslo”?"]
    assert [passage.text for passage in page.all("p", "passage")] == [TEXT, TEXT]


def test_words_whose_number_would_be_zero_have_no_bar() -> None:
    (chart,) = page_of(question(TEXT, explanation(TEXT, 0.5, 0.004, -0.0049))).all("svg")
    assert [text.text for text in chart.all("text", "label")] == ["The"]


def test_the_chart_has_the_strongest_words_and_is_read_out() -> None:
    (chart,) = page_of(question(TEXT, explanation(TEXT, *IMPORTANCES))).all("svg")
    assert chart.attributes["aria-label"] == (
        "The strongest words: dull, \N{MINUS SIGN}0.77; loved +0.53; plot \N{MINUS SIGN}0.10; I +0.03"
    )
    assert [text.text for text in chart.all("text", "label")] == ["dull,", "loved", "plot", "I"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (question(TEXT, explanation(TEXT), truncated=7), "did not read 7 of its tokens"),
        (question(TEXT), "There is nothing in this answer that could be explained."),
        (question(TEXT, explanation(TEXT)), "No word changes anything."),
        (question("", explanation("")), "No word changes anything."),
        (question(TEXT, replace(explanation(TEXT), converged=False)), "take the numbers as rough"),
    ],
)
def test_it_says_what_there_is_not(row: ExplainedQuestion, words: str) -> None:
    assert words in page_of(row).text


def test_numbers_whose_steps_sufficed_are_not_called_rough() -> None:
    assert "rough" not in page_of(question(TEXT, explanation(TEXT))).text


@pytest.mark.parametrize(
    ("delta", "words"), [(None, "not promised"), (1e-16, "below 0.001"), (0.0, "0"), (-0.0123, "-0.012")]
)
def test_the_delta_is_told_as_far_as_it_matters(delta: float | None, words: str) -> None:
    page = page_of(question(TEXT, replace(explanation(TEXT), delta=delta)))
    assert f"Delta{words}" in page.text


def test_hostile_texts_are_texts_everywhere() -> None:
    hostile = of_target(explanation(HOSTILE, 0.5, -0.5, 0.5, 0.1), HOSTILE)
    row = question(HOSTILE, hostile)
    page = read(explanation_page(HOSTILE, [row]).html)
    assert not page.all("script")
    assert len(page.all("style")) == 1
    assert [passage.all("span") != [] for passage in page.all("p", "passage")] == [True]
    assert not [node for name in ("a", "img", "iframe", "form") for node in page.all(name)]
    assert f"Why {HOSTILE}?" in [heading.text for heading in page.all("h3")]


def test_the_browser_is_held_to_what_is_in_the_page() -> None:
    document = explanation_page("sentiment", [question(TEXT, explanation(TEXT))])
    (style,) = read(document.html).all("style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    policy = document.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "script" not in policy
    assert "http" not in document.html
    assert " style=" not in document.html
