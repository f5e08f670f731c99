"""What the hub answers, as the real one does: status, headers, body. Pure but for reading the repositories."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.hub.repositories import Access, Blob, Repositories


@dataclass(frozen=True)
class Wanted:
    """A range of bytes that is asked for; `stop` is None for all that follows."""

    start: int
    stop: int | None


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; the body is `text`, or the bytes of the file from `start` to before `stop`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: bytes = b""
    file: Blob | None = None
    start: int = 0
    stop: int = 0
    access: Access = field(default_factory=Access)


def model_info(repositories: Repositories, name: str, revision: str, token: str | None, *, blobs: bool) -> Answer:
    """GET /api/models/<name>[/revision/<revision>]."""
    if refusal := _refusal(repositories, name, token):
        return refusal
    commit = repositories.commit(name, revision)
    if commit is None:
        return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    access = repositories.access(name)
    document = {
        "_id": commit[:24],
        "id": name,
        "modelId": name,
        "sha": commit,
        "private": access.private,
        "gated": "manual" if access.gated else False,
        "disabled": False,
        "tags": [],
        "siblings": [_sibling(blob, access, blobs) for blob in repositories.blobs(name, commit)],
    }
    return _json(200, document)


def tree(repositories: Repositories, name: str, revision: str, token: str | None) -> Answer:
    """GET /api/models/<name>/tree/<revision>."""
    if refusal := _refusal(repositories, name, token):
        return refusal
    commit = repositories.commit(name, revision)
    if commit is None:
        return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    entries = [
        {"type": "file", "path": blob.name, "oid": blob.blob_id, "size": blob.size, **_large(blob)}
        for blob in repositories.blobs(name, commit)
    ]
    return _json(200, entries)


def resolve(
    repositories: Repositories, name: str, revision: str, path: str, token: str | None, wanted: Wanted | None
) -> Answer:
    """HEAD or GET /<name>/resolve/<revision>/<path>, all of it or a range."""
    access = repositories.access(name)
    if refusal := _refusal(repositories, name, token) or _gate(access, name, token):
        return refusal
    commit = repositories.commit(name, revision)
    if commit is None:
        return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    blob = next((blob for blob in repositories.blobs(name, commit) if blob.name == path), None)
    if blob is None:
        return _error(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit})
    headers = {"ETag": f'"{blob.etag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
    if blob.is_large:
        headers |= {"X-Linked-Size": str(blob.size), "X-Linked-ETag": f'"{blob.etag}"'}
    if wanted is None or access.no_ranges:
        headers["Content-Length"] = str(blob.size)
        return Answer(200, headers, file=blob, stop=blob.size, access=access)
    start, stop = wanted.start, blob.size if wanted.stop is None else min(wanted.stop, blob.size)
    if start >= stop:
        return Answer(416, {"Content-Range": f"bytes */{blob.size}", "Content-Length": "0"})
    headers |= {"Content-Range": f"bytes {start}-{stop - 1}/{blob.size}", "Content-Length": str(stop - start)}
    return Answer(206, headers, file=blob, start=start, stop=stop, access=access)


def not_found() -> Answer:
    """A route that the hub does not have."""
    return _error(404, None, "Not found")


def _refusal(repositories: Repositories, name: str, token: str | None) -> Answer | None:
    if token is not None and token not in repositories.tokens():
        return _error(401, None, "Invalid credentials in Authorization header")
    access = repositories.access(name)
    if not repositories.exists(name) or (access.private and token not in access.tokens):
        return _error(404 if token else 401, "RepoNotFound", "Repository not found")
    if access.busy_times is not None and repositories.count(name) > access.busy_times:
        return None
    if access.retry_after is not None:
        return _error(429, None, "You have been rate limited", {"Retry-After": str(access.retry_after)})
    if access.status is not None:
        return _error(access.status, None, "Something is wrong here")
    return None


def _gate(access: Access, name: str, token: str | None) -> Answer | None:
    if access.gated and token not in access.tokens:
        return _error(403 if token else 401, "GatedRepo", f"Access to model {name} is restricted")
    return None


def _sibling(blob: Blob, access: Access, detailed: bool) -> dict[str, Any]:
    if not detailed:
        return {"rfilename": blob.name}
    size = access.claimed_size if blob.is_large and access.claimed_size is not None else blob.size
    return {"rfilename": blob.name, "blobId": blob.blob_id, "size": size, **_large(blob)}


def _large(blob: Blob) -> dict[str, Any]:
    if not blob.is_large:
        return {}
    return {"lfs": {"sha256": blob.sha256, "oid": blob.sha256, "size": blob.size, "pointerSize": 134}}


def _json(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    text = json.dumps(document).encode()
    return Answer(
        status, {**(headers or {}), "Content-Type": "application/json", "Content-Length": str(len(text))}, text
    )


def _error(status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    names = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return _json(status, {"error": message}, {**names, **(headers or {})})
