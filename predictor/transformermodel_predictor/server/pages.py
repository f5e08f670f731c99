"""Sends HTML pages, and decides which clients prefer them."""

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from transformermodel_predictor.pages.document import Document

_HTML, _JSON = "text/html", "application/json"


def page_response(document: Document) -> HTMLResponse:
    """A response with the page and its security headers."""
    return HTMLResponse(document.html, headers=dict(document.headers))


def prefers_page(headers: Headers) -> bool:
    """Whether a client prefers a page to JSON: `Accept` names HTML, with at least the weight of JSON.

    Programs that accept anything (`*/*`) get JSON.
    """
    weights = dict(_weight(part) for value in headers.getlist("accept") for part in value.split(","))
    html = weights.get(_HTML, 0.0)
    return html > 0 and html >= weights.get(_JSON, 0.0)


def _weight(part: str) -> tuple[str, float]:
    """A media type and its weight, 1 by default (RFC 9110, section 12.5.1)."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0
