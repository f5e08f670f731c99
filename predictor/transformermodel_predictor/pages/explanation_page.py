"""Why a model answered as it did, to look at: one page, that loads nothing and runs nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.explanations.explanation import Explained, Explanation, Method
from transformermodel_predictor.pages import wording
from transformermodel_predictor.pages.chart import bar_chart
from transformermodel_predictor.pages.document import Document, document
from transformermodel_predictor.pages.markup import Markup, element
from transformermodel_predictor.pages.passage import passages
from transformermodel_predictor.pages.table import words_table

STYLE = "explanation.css"

_MEANT = ("text", "answer")
"""Details that stand in the heading."""
_SHOWN_ELSEWHERE = (*_MEANT, "prompt")
"""And those that are among the texts."""

_LEGEND = (
    ("speaks strongly for it", "word for level-10"),
    ("a little for it", "word for level-3"),
    ("says nothing", "word"),
    ("a little against it", "word against level-3"),
    ("strongly against it", "word against level-10"),
)


@dataclass(frozen=True)
class ExplainedQuestion:
    """A row of a page.

    Attributes:
        texts: what was asked, by its fields.
        explained: the answer and why, by one method or several.
    """

    texts: Mapping[str, str]
    explained: Explained


def explanation_page(model: str, rows: Sequence[ExplainedQuestion]) -> Document:
    """The page of one question or several, asked together.

    Args:
        model: its name.
        rows: at least one.
    """
    several = len(rows) > 1
    shown = (_row(row, f"Row {number}" if several else "Answer") for number, row in enumerate(rows))
    main = element("main", element("h1", f"Why {model} answered so"), _legend(), *shown)
    return document(f"Explanation: {model}", main, (STYLE,))


def _legend() -> Markup:
    samples = (element("li", element("span", text, class_=style)) for text, style in _LEGEND)
    note = (
        "A solid line below a word says that it speaks for what is explained, a dashed one that it speaks against it. "
        "The thicker the line, the more. Numbers compare the words of one explanation; they are no percentages."
    )
    return element(
        "section",
        element("h2", "How to read it"),
        element("ul", *samples, class_="legend"),
        element("p", note, class_="note"),
        class_="how",
    )


def _row(row: ExplainedQuestion, title: str) -> Markup:
    targets = [_target(explanations, row.texts) for explanations in _by_target(row.explained.explanations)]
    nothing = element("p", "There is nothing in this answer that could be explained.", class_="note")
    answer = _facts(_answer(row.explained.answer))
    truncated = _truncated(row.explained.truncated)
    return element("section", element("h2", title), answer, truncated, *(targets or [nothing]), class_="row")


def _truncated(tokens: int) -> Markup:
    if not tokens:
        return Markup()
    return element(
        "p", f"The text is too long for the model, which did not read {tokens} of its tokens.", class_="warning"
    )


def _answer(answer: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, content in answer.items():
        yield wording.label(name), wording.value(content)


def _by_target(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    """Those of the same target and the same words together; each method has its targets in the same order."""
    counted: Counter[Method] = Counter()
    together: dict[object, list[Explanation]] = {}
    for explanation in explanations:
        words = tuple((word.field, word.start, word.end) for word in explanation.words)
        key = (counted[explanation.method], explanation.target, words)
        counted[explanation.method] += 1
        together.setdefault(key, []).append(explanation)
    return list(together.values())


def _target(explanations: Sequence[Explanation], texts: Mapping[str, str]) -> Markup:
    first = explanations[0]
    heading = element("h3", "Why ", element("bdi", first.target, class_="target"), *_meant(first), "?")
    shown = {name: content for name, content in first.details.items() if name not in _SHOWN_ELSEWHERE}
    details = ((wording.label(name), wording.value(content)) for name, content in shown.items())
    return element(
        "section",
        heading,
        _facts([("Probability", wording.share(first.score)), *details]),
        element("div", *(_method(explanation, texts) for explanation in explanations), class_="methods"),
        words_table(explanations),
        class_="explained",
    )


def _meant(explanation: Explanation) -> Iterator[str]:
    """The text that the target is: an entity's, or that of the answer which starts or ends there."""
    for name in _MEANT:
        if text := explanation.details.get(name):
            yield ": "
            yield element(
                "bdi", f"\N{LEFT DOUBLE QUOTATION MARK}{text}\N{RIGHT DOUBLE QUOTATION MARK}", class_="target"
            )


def _method(explanation: Explanation, texts: Mapping[str, str]) -> Markup:
    name = wording.METHODS[explanation.method]
    return element(
        "article",
        element("h4", name),
        passages(explanation, texts),
        bar_chart(explanation.words),
        _facts([("Delta", wording.delta(explanation)), ("Steps", str(explanation.steps))]),
        _rough(explanation),
        class_="method",
        aria_label=f"{name}, {explanation.target}",
    )


def _rough(explanation: Explanation) -> Markup:
    if explanation.converged:
        return Markup()
    return element(
        "p",
        "After so many steps the delta was still over the tolerance: take the numbers as rough, or allow more with the "
        "parameter max_steps.",
        class_="warning",
    )


def _facts(facts: Iterable[tuple[str, str]]) -> Markup:
    pairs = (element("div", element("dt", name), element("dd", element("bdi", text))) for name, text in facts)
    return element("dl", *pairs, class_="facts")
