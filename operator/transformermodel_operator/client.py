"""The API server: the few calls that the operator makes, over kubernetes.aio's dynamic client.

The client's discovery is not used: the operator knows its kinds, and discovery writes a cache into the file system.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
import msgspec
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError

from transformermodel_api.errors import TransformerModelError
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.objects import EVENT, POD, Document, Kind, Reference, uid

_CALL = aiohttp.ClientTimeout(total=30, sock_connect=5)
# A watch that is well is heard of at least once a minute: the API server sends bookmarks.
_WATCH = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=150)
_LOG = aiohttp.ClientTimeout(total=5, sock_connect=5)  # the API server asks the kubelet, whose node may be gone
_LOG_BYTES = 1 << 16
_WATCH_SECONDS = 290
_PAGE = 500
_NO_ANSWER = "<error>"  # as client-go counts it

Read = TypeVar("Read")


class ApiError(TransformerModelError):
    """A request to the API server failed.

    Attributes:
        status: HTTP status; 0 when there was no answer.
        reason: the server's machine-readable reason; empty if there was none.
        retry_after: seconds to wait, as requested by the server; 0 if it gave none.
    """

    def __init__(self, status: int, message: str, *, reason: str = "", retry_after: float = 0.0) -> None:
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(message)

    @property
    def is_refusal(self) -> bool:
        """Whether the same request would be refused again until something else changes."""
        return self.status in (400, 403, 413, 422)

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else has written in the meantime: decide again."""
        return self.status == 409


class _Page(msgspec.Struct):
    """A part of a list. Its items are read one by one, which takes a third of the time and hardly any memory."""

    metadata: dict[str, Any]
    items: list[msgspec.Raw]


ALREADY_EXISTS = "AlreadyExists"
"""The reason of a conflict if an object of that name exists already."""

Answered = Callable[[str, str], None]
"""Called for each request with its method, and its HTTP status or <error>."""


class Api:
    """Calls to the API server.

    Args:
        client: kubernetes.aio's.
        answered: counts requests.
    """

    def __init__(self, client: DynamicClient, answered: Answered = lambda method, code: None) -> None:
        self._client = client
        self._answered = answered

    async def get(self, reference: Reference) -> Document | None:
        """The object; None if it does not exist."""
        try:
            return await self._document("get", _path(reference.kind, reference.namespace, reference.name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Document], int]:
        """All objects of a kind in a namespace, or everywhere, and the list's resourceVersion."""
        items: list[Document] = []
        return items, await self.hand_over(kind, namespace, selector, items.append)

    async def hand_over(
        self, kind: Kind, namespace: str | None, selector: str | None, take: Callable[[Document], None]
    ) -> int:
        """Like `list`, but hands over each object as its page arrives and keeps none; returns the version."""
        more: str | None = None
        while True:
            page = await self._read(
                _Page, "get", _path(kind, namespace), label_selector=selector, limit=_PAGE, _continue=more
            )
            # Items of built-in kinds come without their own apiVersion and kind.
            for item in page.items:
                take({**msgspec.json.decode(item), "apiVersion": kind.api_version, "kind": kind.name})
            more = page.metadata.get("continue")
            if not more:
                return int(page.metadata["resourceVersion"])

    async def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Document]]:
        """Changes after a version: ADDED, MODIFIED, DELETED or BOOKMARK, and the object. Ends from time to time.

        Raises:
            ApiError: the watch broke; with status 410 if the version is too old to resume from.
        """
        query = [("allowWatchBookmarks", "true"), ("timeoutSeconds", str(_WATCH_SECONDS))]
        response = await self._request(
            "get",
            _path(kind, namespace),
            label_selector=selector,
            resource_version=str(version),
            watch="true",
            query_params=query,
            _request_timeout=_WATCH,
        )
        try:
            async for line in response.content:
                event = msgspec.json.decode(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", 0), f"watch of {kind.plural}: {_words(event['object'])}")
                yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ApiError(0, f"watch of {kind.plural}: {error or type(error).__name__}") from error
        finally:
            response.close()

    async def log(self, pod: Reference, container: str, lines: int) -> str:
        """The last lines of a container's log."""
        path = _path(POD, pod.namespace, pod.name, "log")
        query = [("container", container), ("tailLines", str(lines)), ("limitBytes", str(_LOG_BYTES))]
        response = await self._request("get", path, query_params=query, _request_timeout=_LOG)
        try:
            return await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiError(0, f"GET {path}: {error or type(error).__name__}") from error

    async def warnings(self, about: Reference) -> Sequence[Document]:
        """The warning events about an object that the cluster still keeps."""
        selector = f"regarding.kind={about.kind.name},regarding.name={about.name},type=Warning"
        found = await self._document("get", _path(EVENT, about.namespace), field_selector=selector, limit=_PAGE)
        items: Sequence[Document] = found["items"]
        return items

    async def apply(self, document: Document) -> Document:
        """Server-side apply of a child; fields of ours that others have changed become ours again."""
        return await self._apply(Reference.to(document), document)

    async def apply_status(self, document: Document) -> Document:
        """Server-side apply of a model's status."""
        return await self._apply(Reference.to(document), document, "status")

    async def apply_finalizers(self, model: Document, finalizers: Sequence[str]) -> Document:
        """Server-side apply of our finalizers; others' stay. Nothing else of a model is ever written."""
        metadata = {name: model["metadata"][name] for name in ("namespace", "name", "uid")}
        document = {"apiVersion": model["apiVersion"], "kind": model["kind"]}
        return await self._apply(
            Reference.to(model), {**document, "metadata": {**metadata, "finalizers": list(finalizers)}}
        )

    async def create(self, kind: Kind, document: Document) -> Document:
        """Create an object.

        Raises:
            ApiError: with status 409 if one of that name exists.
        """
        return await self._document("post", _path(kind, document["metadata"]["namespace"]), body=document)

    async def replace(self, kind: Kind, document: Document) -> Document:
        """Replace an object if it still has the document's version.

        Raises:
            ApiError: with status 409 if it does not.
        """
        metadata = document["metadata"]
        return await self._document("put", _path(kind, metadata["namespace"], metadata["name"]), body=document)

    async def merge(self, reference: Reference, change: Document) -> Document:
        """Change fields of an object (JSON merge patch)."""
        path = _path(reference.kind, reference.namespace, reference.name)
        return await self._document("patch", path, body=change, content_type="application/merge-patch+json")

    async def delete(self, document: Document) -> None:
        """Delete this very object; it is fine if it is already gone.

        Raises:
            ApiError: with status 409 if another object of the same name has replaced it.
        """
        reference = Reference.to(document)
        body = {"preconditions": {"uid": uid(document)}, "propagationPolicy": "Background"}
        try:
            await self._document("delete", _path(reference.kind, reference.namespace, reference.name), body=body)
        except ApiError as error:
            if error.status != 404:
                raise

    async def _apply(self, reference: Reference, document: Document, subresource: str = "") -> Document:
        path = _path(reference.kind, reference.namespace, reference.name, subresource)
        return await self._document(
            "patch",
            path,
            body=document,
            content_type="application/apply-patch+yaml",
            field_manager=FIELD_MANAGER,
            force_conflicts="true",
        )

    async def _document(
        self,
        method: str,
        path: str,
        **parameters: Any,  # noqa: ANN401
    ) -> Document:
        return await self._read(dict[str, Any], method, path, **parameters)

    async def _read(
        self,
        form: type[Read],
        method: str,
        path: str,
        **parameters: Any,  # noqa: ANN401
    ) -> Read:
        response = await self._request(method, path, **parameters)
        try:
            return msgspec.json.decode(await response.read(), type=form)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ApiError(0, f"{method.upper()} {path}: {error or type(error).__name__}") from error

    async def _request(
        self,
        method: str,
        path: str,
        **parameters: Any,  # noqa: ANN401
    ) -> aiohttp.ClientResponse:
        try:
            response: aiohttp.ClientResponse = await self._client.request(
                method, path, serialize=False, **{"_request_timeout": _CALL, **parameters}
            )
        except DynamicApiError as error:
            self._answered(method.upper(), str(error.status))
            told = _told(error)
            raise ApiError(
                error.status,
                f"{method.upper()} {path}: {_words(told)}",
                reason=str(told.get("reason") or ""),
                retry_after=_retry_after(error.headers),
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            self._answered(method.upper(), _NO_ANSWER)
            raise ApiError(0, f"{method.upper()} {path}: {error or type(error).__name__}") from error
        self._answered(method.upper(), str(response.status))
        return response


def _path(kind: Kind, namespace: str | None, name: str = "", subresource: str = "") -> str:
    root = f"/apis/{kind.group}" if kind.group else "/api"
    place = ("namespaces", namespace) if namespace is not None else ()
    return "/".join(part for part in (root, kind.version, *place, kind.plural, name, subresource) if part)


def _retry_after(headers: Mapping[str, str] | None) -> float:
    """Seconds; the API server knows no other form."""
    value = (headers or {}).get("Retry-After", "")
    return float(value) if value.isdecimal() else 0.0


def _told(error: DynamicApiError) -> Document:
    """The answer's metav1.Status, or a substitute if it has none."""
    try:
        status = msgspec.json.decode(error.body or "")
    except (TypeError, ValueError):
        status = None
    return status if isinstance(status, dict) else {"message": f"{error.status} {error.reason}"}


def _words(status: Document) -> str:
    return str(status.get("message") or status.get("reason") or status)
