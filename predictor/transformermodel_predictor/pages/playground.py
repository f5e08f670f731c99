"""A page to try the models of a server: choose one, type a text, see its answer and why."""

from functools import cache

from transformermodel_predictor.explanations.explanation import Method
from transformermodel_predictor.pages.document import Document, document
from transformermodel_predictor.pages.explanation_page import STYLE
from transformermodel_predictor.pages.markup import Markup, element
from transformermodel_predictor.pages.wording import METHODS

_SCRIPT = "playground.js"


@cache
def playground_page() -> Document:
    """The page. It knows nothing of the models: its script asks the server, with the token that the user types."""
    body = element(
        "main",
        element("h1", "Playground"),
        element("noscript", element("p", "This page needs JavaScript, which is switched off.", class_="warning")),
        _token(),
        _question(),
        element("p", id="status", role="status", class_="note"),
        element("p", id="error", role="alert", class_="error", hidden=True),
        element("div", id="answer", aria_live="polite"),
    )
    return document("Playground", body, (STYLE, "playground.css"), _SCRIPT)


def _token() -> Markup:
    return element(
        "form",
        element("label", "This server wants a token", for_="token"),
        element("input", id="token", type="password", autocomplete="off", required=True),
        element("button", "Use it", type="submit"),
        id="token-form",
        hidden=True,
    )


def _question() -> Markup:
    return element(
        "form",
        element("label", "Model", for_="model"),
        element("select", id="model", required=True),
        element("p", id="about", class_="note"),
        element("div", id="fields"),
        _methods(),
        element("label", "What is explained (optional)", for_="target"),
        element(
            "input", id="target", type="text", autocomplete="off", spellcheck="false", aria_describedby="target-note"
        ),
        element(
            "p",
            "The answer itself where this is empty; else a class, a part of the text or a number, as the task has it.",
            id="target-note",
            class_="note",
        ),
        element("button", "Answer", type="submit"),
        id="question-form",
    )


def _methods() -> Markup:
    """A box for each; which is checked depends on the model that is chosen."""
    boxes = (
        element(
            "label",
            element(
                "input",
                type="checkbox",
                name="method",
                value=method.value,
            ),
            f" {METHODS[method]}",
        )
        for method in Method
    )
    return element("fieldset", element("legend", "Explain the answer by"), *boxes, id="methods")
