"""Sends an explanation as the client prefers it: as JSON in the protocol's form, or as an HTML page."""

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
"""The query parameter that selects the format."""


class Format(StrEnum):
    """The formats of an explanation."""

    json = "json"
    html = "html"


def wanted_format(request: Request) -> Format:
    """The format that the client wants: the query's `format`, else what the header `Accept` prefers.

    Raises:
        InvalidRequest: there is no such format.
    """
    name = request.query_params.get(FORMAT)
    if name is None:
        return Format.html if prefers_page(request.headers) else Format.json
    if name not in list(Format):
        raise InvalidRequest(f"{FORMAT} must be {' or '.join(Format)}")
    return Format(name)


def explained_response(
    wanted: Format,
    name: str,
    questions: Sequence[Mapping[str, Any]],
    explained: Sequence[Explained],
    write_json: Callable[[], Response],
) -> Response:
    """The response in the wanted format.

    Args:
        wanted: the format.
        name: the model's name in URLs.
        questions: the request's rows, as named fields.
        explained: one explained answer per row.
        write_json: writes the response in the protocol's form.
    """
    if wanted is Format.json:
        return write_json()
    rows = [
        ExplainedQuestion({name: text for name, text in fields.items() if isinstance(text, str)}, row)
        for fields, row in zip(questions, explained, strict=True)
    ]
    return page_response(explanation_page(name, rows))
