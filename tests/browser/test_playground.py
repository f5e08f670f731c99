"""The playground, used by keyboard alone."""

from collections.abc import Mapping

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Chromium
from tests.browser.conftest import TOKEN, Model
from tests.browser.contrast import LEAST_CONTRAST, contrasts
from tests.predictor.server.running import RunningServer, running
from transformermodel_api.explanations import Explanations

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "sentiment": {"text": "i hate this bad movie"},
    "entities": {"text": "sarah lives in london"},
    "questions": {"question": "who lives in london?", "context": "sarah and bob."},
    "generation": {"text": "once upon a time"},
}
"""What is typed, by the names of the models."""

TASKS = {
    "sentiment": "SequenceClassification",
    "entities": "TokenClassification",
    "questions": "QuestionAnswering",
    "generation": "TextGeneration",
}


@pytest.fixture
def playground(browser: Chromium, server: RunningServer) -> Chromium:
    """The page with the token typed."""
    browser.open(f"{server.url}/playground")
    browser.wait_for("#token-form:not([hidden])")
    browser.tab_to("#token")
    browser.press(TOKEN, Keys.ENTER)
    browser.wait_for("#model option", "sentiment")
    browser.wait_for("#fields label", "Text")
    browser.forget_complaints()  # that the first request was refused with 401, before the token was typed
    return browser


def choose(browser: Chromium, model: str) -> None:
    browser.tab_to("#model")
    browser.press(model)
    browser.wait_for("#about", TASKS[model])
    for name in QUESTIONS[model]:
        browser.wait_for(f"#fields label[for=field-{name}]")


def ask(browser: Chromium, model: str) -> None:
    choose(browser, model)
    for name, text in QUESTIONS[model].items():
        browser.tab_to(f"#field-{name}")
        browser.press(text)
    browser.tab_to("#question-form button")
    browser.press(Keys.ENTER)


@pytest.mark.parametrize("model", QUESTIONS)
def test_every_task_answers_and_says_why(playground: Chromium, server: RunningServer, model: str) -> None:
    ask(playground, model)
    playground.wait_for("#status", "Answered and explained.")
    assert playground.texts("#answer h2") == ["Answer", "How to read it"]
    assert playground.find("#answer .passage .word")
    own = "Feature ablation" if model == "generation" else "Integrated gradients"
    assert set(playground.texts("#answer h4")) == {own}
    assert playground.complaints() == []
    assert playground.hosts() == {server.url.removeprefix("http://")}


def test_several_methods_stand_side_by_side(playground: Chromium) -> None:
    choose(playground, "sentiment")
    playground.tab_to("input[value=saliency]")
    playground.press(" ")
    ask(playground, "sentiment")
    playground.wait_for("#status", "Answered and explained.")
    assert playground.texts("#answer h4") == ["Integrated gradients", "Saliency"]
    for scheme in ("light", "dark"):
        playground.prefer(scheme)
        assert min(contrasts(playground).values()) >= LEAST_CONTRAST


def test_the_box_of_each_models_own_method_is_checked_and_one_that_was_touched_stays(playground: Chromium) -> None:
    def checked() -> list[str]:
        return [label.strip() for label in playground.texts("#methods label:has(input:checked)")]

    assert checked() == ["Integrated gradients"]
    choose(playground, "generation")
    assert checked() == ["Feature ablation"]
    playground.tab_to("input[value=saliency]")
    playground.press(" ")
    choose(playground, "sentiment")
    assert checked() == ["Integrated gradients", "Saliency"]


def test_a_conversation_is_answered(playground: Chromium) -> None:
    choose(playground, "generation")
    playground.tab_to("#chat")
    playground.press(" ")
    ask(playground, "generation")
    playground.wait_for("#status", "Answered and explained.")
    (passage,) = playground.texts("#answer .passage", without="rt, rp")
    assert passage == "<|user|>once upon a time\n<|assistant|>"


def test_errors_are_said_in_words_below_the_answer(playground: Chromium) -> None:
    choose(playground, "sentiment")
    playground.tab_to("#target")
    playground.press("nobody")
    ask(playground, "sentiment")
    playground.wait_for("#error:not([hidden])", "target 'nobody' is not there; possible are the classes")
    assert "Label" in playground.texts("#answer dt")


def test_a_wrong_token_is_said_to_be_wrong(browser: Chromium, server: RunningServer) -> None:
    browser.open(f"{server.url}/playground")
    browser.wait_for("#error:not([hidden])", "Type the token of this server first.")
    browser.tab_to("#token")
    browser.press("wrong", Keys.ENTER)
    browser.wait_for("#error:not([hidden])", "The server does not know this token.")


def test_where_nothing_is_explained_the_answer_is_there_all_the_same(
    browser: Chromium, models: dict[str, Model]
) -> None:
    settings = Explanations(enabled=False)
    with running({"sentiment": models["sentiment"]}, explanations=settings) as server:
        browser.open(f"{server.url}/playground")
        browser.wait_for("#fields label", "Text")
        browser.tab_to("#field-text")
        browser.press("good")
        browser.press_with(Keys.CONTROL, Keys.ENTER)
        browser.wait_for("#status", "Answered.")
    assert browser.find("#methods:disabled")
    assert browser.texts("#answer dt") == ["Label", "Score"]
    assert browser.complaints() == []
