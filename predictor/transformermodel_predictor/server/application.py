"""The ASGI application: routes requests, echoes their ids, and writes errors in the protocol's form.

The access log has method, path, status and time of each request, never its content.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from transformermodel_predictor.protocols.errors import EXPECTED, Refusal, refusal_of
from transformermodel_predictor.server.bodies import error_response, header
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.server.routes.router import Router

_log = logging.getLogger(__name__)
_access = logging.getLogger("transformermodel.access")

_REQUEST_ID = REQUEST_ID.encode()

Guard = Callable[[Request], None]
"""Lets a request pass, or raises the error that the client gets."""

ErrorForm = Callable[[Refusal], object]
"""Writes an error's body in one protocol."""


class Application:
    """Answers HTTP requests.

    Args:
        routes: the endpoints.
        guards: called before each request.
        error_forms: writers of errors by the first segment of the path.
        default_form: writer of errors for all other paths; KServe's form when None.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        guards: Iterable[Guard] = (),
        error_forms: Mapping[str, ErrorForm] | None = None,
        default_form: ErrorForm | None = None,
    ) -> None:
        self._router = Router(routes := tuple(routes))
        self._lists_urls = any(route.path == "/" and "OPTIONS" in (route.methods or ()) for route in routes)
        self._guards = tuple(guards)
        self._error_forms = error_forms or {}
        self._default_form = default_form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        request_id = header(scope, _REQUEST_ID)
        response = await self._answer(Request(scope, receive), request_id)
        if request_id is not None and all(name != _REQUEST_ID for name, _ in response.raw_headers):
            response.raw_headers.append((_REQUEST_ID, request_id))
        try:
            await response(scope, receive, send)
        except EXPECTED:  # the client has got the error in the stream, or has gone
            pass
        except Exception:  # noqa: BLE001 - the response has begun, so the client sees it end early; logged only here
            _log.exception("%s failed while it was sent (request id %s)", _line(scope), _printable(request_id))
        if _access.isEnabledFor(logging.INFO):
            milliseconds = (time.perf_counter() - started) * 1000
            _access.info("%s %d %.1f ms %s", _line(scope), response.status_code, milliseconds, _printable(request_id))

    async def _answer(self, request: Request, request_id: bytes | None) -> Response:
        headers: Mapping[str, str] = {}
        try:
            for guard in self._guards:
                guard(request)
            endpoint, request.scope["path_params"] = self._router.find(request.method, request.scope["path"])
            return await endpoint(request)
        except HTTPException as error:
            headers = error.headers or {}
            refusal = Refusal(error.status_code, f"{_line(request.scope)}: {self._reason(error)}")
        except EXPECTED as error:
            refusal = refusal_of(error)
        except Exception as error:  # noqa: BLE001 - answered with 500; the details are for the log alone
            _log.exception("%s failed (request id %s)", _line(request.scope), _printable(request_id))
            refusal = refusal_of(error)
        form = self._error_forms.get(request.scope["path"].lstrip("/").partition("/")[0], self._default_form)
        response = error_response(refusal, form(refusal) if form else None)
        response.headers.update(headers)
        return response

    def _reason(self, error: HTTPException) -> str:
        phrase = HTTPStatus(error.status_code).phrase
        if error.detail != phrase:
            return error.detail
        if error.headers and "allow" in error.headers:
            return f"{phrase.lower()}; use {error.headers['allow']}"
        lists_urls = error.status_code == HTTPStatus.NOT_FOUND and self._lists_urls
        return f"{phrase.lower()}; OPTIONS / lists all URLs" if lists_urls else phrase.lower()


def _line(scope: Scope) -> str:
    path: str = scope["path"]
    if not path.isprintable():  # so that a path cannot forge lines of the log
        path = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in path)
    return f"{scope['method']} {path}"


def _printable(request_id: bytes | None) -> str:
    return ascii(request_id.decode("latin-1")) if request_id else "-"
