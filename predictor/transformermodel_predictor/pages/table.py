"""All words and their numbers, for who does not look at colours and lines."""

from collections.abc import Iterator, Sequence

from transformermodel_predictor.explanations.explanation import Explanation
from transformermodel_predictor.pages.markup import Markup, element
from transformermodel_predictor.pages.shading import signed
from transformermodel_predictor.pages.wording import METHODS


def words_table(explanations: Sequence[Explanation]) -> Markup:
    """Explanations of one target by several methods: a row for each word, a column for each method."""
    names = ("Word", "Where", *(METHODS[explanation.method] for explanation in explanations))
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    table = element(
        "table",
        element("caption", f"Importance of each word for {explanations[0].target}"),
        head,
        element("tbody", *_rows(explanations)),
    )
    scrolled = element("div", table, class_="scrolled", tabindex=0, role="region", aria_label="All words")
    return element("details", element("summary", "All words as a table"), scrolled)


def _rows(explanations: Sequence[Explanation]) -> Iterator[Markup]:
    """Every method explains the same words."""
    for words in zip(*(explanation.words for explanation in explanations), strict=True):
        first = words[0]
        yield element(
            "tr",
            element("th", element("bdi", first.text), scope="row"),
            element("td", f"{first.field} {first.start}\N{EN DASH}{first.end}"),
            *(element("td", signed(word.importance), class_="number") for word in words),
        )
