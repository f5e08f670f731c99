"""In which form an explanation is sent: as the protocol has it, or as a page to look at."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.pages.explanation_page import ExplainedQuestion, explanation_page
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.pages import page_response, prefers_page

FORMAT = "format"
"""The member of a URL's query that says it."""


class Format(StrEnum):
    """The forms."""

    json = "json"
    html = "html"


def wanted_format(request: Request) -> Format:
    """The form that a client wants, which the URL's `format` says, else the header `Accept`. Costs no explanation.

    Raises:
        InvalidRequest: there is no such form.
    """
    said = request.query_params.get(FORMAT)
    if said is None:
        return Format.html if prefers_page(request.headers) else Format.json
    if said not in list(Format):
        raise InvalidRequest(f"{FORMAT} must be {' or '.join(Format)}")
    return Format(said)


def explained_response(
    wanted: Format,
    name: str,
    questions: Sequence[Mapping[str, Any]],
    explained: Sequence[Explained],
    write_json: Callable[[], Response],
) -> Response:
    """The response in the wanted form.

    Args:
        wanted: the form.
        name: of the model, in URLs.
        questions: the request's rows, as named fields.
        explained: one per row.
        write_json: writes the protocol's own form.
    """
    if wanted is Format.json:
        return write_json()
    rows = [
        ExplainedQuestion({name: text for name, text in fields.items() if isinstance(text, str)}, row)
        for fields, row in zip(questions, explained, strict=True)
    ]
    return page_response(explanation_page(name, rows))
