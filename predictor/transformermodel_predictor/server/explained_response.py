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


def explained_response(
    request: Request,
    questions: Sequence[Mapping[str, Any]],
    explained: Sequence[Explained],
    write_json: Callable[[], Response],
) -> Response:
    """The response in the wanted form, which the URL's `format` says, else the header `Accept`.

    Args:
        request: what the client sent to a model's URL.
        questions: its rows, as named fields.
        explained: one per row.
        write_json: writes the protocol's own form.

    Raises:
        InvalidRequest: there is no such form.
    """
    if _wanted(request) is Format.json:
        return write_json()
    rows = [
        ExplainedQuestion({name: text for name, text in fields.items() if isinstance(text, str)}, row)
        for fields, row in zip(questions, explained, strict=True)
    ]
    return page_response(explanation_page(request.path_params["name"], rows))


def _wanted(request: Request) -> Format:
    said = request.query_params.get(FORMAT)
    if said is None:
        return Format.html if prefers_page(request.headers) else Format.json
    if said not in list(Format):
        raise InvalidRequest(f"{FORMAT} must be {' or '.join(Format)}")
    return Format(said)
