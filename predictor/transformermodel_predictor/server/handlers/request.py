"""Makes a call to a handler from a request to one of TorchServe's URLs."""

from starlette.requests import Request

from transformermodel_predictor.server.bodies import read_body
from transformermodel_predictor.server.form import content_type, is_form, read_form
from transformermodel_predictor.server.handlers.headers import call_of
from transformermodel_predictor.torchserve.call import Call, CallKind, Part

_URL_PATH = "url_path"
"""The header in which TorchServe passes the rest of the path, after the version."""


async def read_call(request: Request, kind: CallKind, limit: int) -> Call:
    """The call, with the fields of the form or the raw body; at URLs of invocations also with the query's parameters.

    Raises:
        BodyTooLarge: the body has more than `limit` bytes.
        InvalidRequest: the body is a form that cannot be read.
    """
    body = await read_body(request, limit, as_sent=True)
    parameters = request.query_params.multi_items() if _reads_query(request) else []
    query = [Part(name, value.encode()) for name, value in parameters]
    media_type = content_type(request)
    if is_form(media_type):
        sent = await read_form(request, body)
    else:
        sent = [Part("body", body, media_type or None)]
    further = {"explain": str(kind is CallKind.explain), _URL_PATH: request.path_params.get("path", "")}
    return call_of(kind, [*query, *sent], request.headers, further)


def _reads_query(request: Request) -> bool:
    """Whether handlers get the query: at `/invocations` and `/models/NAME/invoke` alone, as with TorchServe."""
    return not request.scope["path"].startswith(("/predictions/", "/explanations/"))
