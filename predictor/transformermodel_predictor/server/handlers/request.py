"""A request to one of TorchServe's URLs as a call to a handler."""

from starlette.requests import Request

from transformermodel_predictor.server.exchange import read_body
from transformermodel_predictor.server.form import content_type, is_form, read_form
from transformermodel_predictor.server.handlers.headers import call_of
from transformermodel_predictor.torchserve.call import Call, CallKind, Part

_URL_PATH = "url_path"
"""The header in which handlers find what follows the version in the path."""


async def read_call(request: Request, kind: CallKind, limit: int) -> Call:
    """The call: the fields of the form, or the body as it came; at URLs of invocations what stands in the query, too.

    Raises:
        BodyTooLarge: the body has more than `limit` bytes.
        InvalidRequest: it is a form that cannot be read.
    """
    body = await read_body(request, limit, as_sent=True)
    asked = request.query_params.multi_items() if _reads_query(request) else []
    query = [Part(name, value.encode()) for name, value in asked]
    media_type = content_type(request)
    if is_form(media_type):
        sent = await read_form(request, body)
    else:
        sent = [Part("body", body, media_type or None)]
    further = {"explain": str(kind is CallKind.explain), _URL_PATH: request.path_params.get("path", "")}
    return call_of(kind, [*query, *sent], request.headers, further)


def _reads_query(request: Request) -> bool:
    """TorchServe hands the query to handlers at `/invocations` and `/models/NAME/invoke`, and nowhere else."""
    return not request.scope["path"].startswith(("/predictions/", "/explanations/"))
