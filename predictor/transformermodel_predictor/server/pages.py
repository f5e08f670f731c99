"""Pages as responses, and who wants them."""

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from transformermodel_predictor.pages.document import Document

_HTML, _JSON = "text/html", "application/json"


def page_response(document: Document) -> HTMLResponse:
    """A page with the policy that holds the browser to it."""
    return HTMLResponse(document.html, headers=dict(document.headers))


def prefers_page(headers: Headers) -> bool:
    """Whether a client would rather have a page than JSON: `Accept` names HTML, and JSON no more than it.

    Programs that take anything (`*/*`) get JSON.
    """
    weights = dict(_weight(part) for value in headers.getlist("accept") for part in value.split(","))
    html = weights.get(_HTML, 0.0)
    return html > 0 and html >= weights.get(_JSON, 0.0)


def _weight(part: str) -> tuple[str, float]:
    """A media type and how much it is wanted, 1 unless it says less (RFC 9110, 12.5.1)."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0
