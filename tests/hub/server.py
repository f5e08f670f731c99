"""The hub as a process's HTTP server."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.background import in_thread
from tests.hub import answers
from tests.hub.answers import Answer, Wanted
from tests.hub.repositories import Repositories

_NAME = r"(?P<name>[^/]+/[^/]+)"
_INFO = re.compile(rf"/api/models/{_NAME}(/revision/(?P<revision>[^/]+))?")
_TREE = re.compile(rf"/api/models/{_NAME}/tree/(?P<revision>[^/]+)")
_FILE = re.compile(rf"/{_NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_RANGE = re.compile(r"bytes=(?P<first>\d+)-(?P<last>\d*)")
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Request:
    """A request that was answered: never with its token."""

    method: str
    path: str
    status: int
    start: int
    authorized: bool


class HubServer(ThreadingHTTPServer):
    """A hub over a folder, listening on an address; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = 0, *, log: bool = False) -> None:
        self.repositories = Repositories(folder)
        self.requests: list[Request] = []
        self._log = log
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away in the middle; anything else is a fault of the hub."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def record(self, request: Request) -> None:
        """Remember a request, and print it as a line of JSON when asked to."""
        self.requests.append(request)
        if self._log:
            sys.stdout.write(json.dumps(asdict(request)) + "\n")
            sys.stdout.flush()


@contextmanager
def serving(folder: Path) -> Iterator[HubServer]:
    """A hub on a free port of the loopback interface, in a thread of this process."""
    with in_thread(HubServer(folder)) as hub:
        yield hub


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def do_GET(self) -> None:
        """Answer with a body."""
        self._respond()

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._respond()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Leave the log to the server."""

    def _respond(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        answer = self._answer(token, self._wanted())
        self.server.record(Request(self.command, self.path, answer.status, answer.start, token is not None))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer)

    def _wanted(self) -> Wanted | None:
        if not (asked := _RANGE.fullmatch(self.headers.get("Range") or "")):
            return None
        return Wanted(int(asked["first"]), int(asked["last"]) + 1 if asked["last"] else None)

    def _answer(self, token: str | None, wanted: Wanted | None) -> Answer:
        url = urlsplit(self.path)
        repositories = self.server.repositories
        if found := _TREE.fullmatch(url.path):
            return answers.tree(repositories, found["name"], unquote(found["revision"]), token)
        if found := _INFO.fullmatch(url.path):
            revision = unquote(found["revision"] or "main")
            return answers.model_info(
                repositories, found["name"], revision, token, blobs="blobs" in parse_qs(url.query)
            )
        if found := _FILE.fullmatch(url.path):
            revision, path = unquote(found["revision"]), unquote(found["path"])
            return answers.resolve(repositories, found["name"], revision, path, token, wanted)
        return answers.not_found()

    def _send_body(self, answer: Answer) -> None:
        if answer.file is None:
            self.wfile.write(answer.text)
            return
        left = answer.stop - answer.start
        sent = left if answer.access.cut_after is None else min(left, answer.access.cut_after)
        damaged = answer.file.name in answer.access.damaged and answer.start == 0
        with answer.file.path.open("rb") as file:
            file.seek(answer.start)
            while sent and (chunk := file.read(min(_CHUNK, sent))):
                self.wfile.write(bytes([chunk[0] ^ 0xFF]) + chunk[1:] if damaged else chunk)
                damaged = False
                left, sent = left - len(chunk), sent - len(chunk)
        if left:
            self.close_connection = True
