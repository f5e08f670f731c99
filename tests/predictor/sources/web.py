"""A web server with TLS over a folder; `/status/<number>...` is answered with that status."""

import hashlib
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.background import in_thread

_STATUS = re.compile(r"/status/(\d+)")


class WebServer(ThreadingHTTPServer):
    """Serves the files of a folder.

    Attributes:
        folder: whose files.
        certificate: by which clients know it.
    """

    daemon_threads = True

    def __init__(self, folder: Path, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.certificate = certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that do not trust it."""


@contextmanager
def serving_files(folder: Path, keys: Path) -> Iterator[WebServer]:
    """A server in a thread of this process; its key and certificate are made in a folder."""
    keys.mkdir()
    key, certificate = keys / "key.pem", keys / "certificate.pem"
    arguments = ["-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    program = ["openssl", "req", *arguments, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(program, check=True, capture_output=True)
    with in_thread(WebServer(folder, certificate, key)) as server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def do_GET(self) -> None:
        """Answer with the file."""
        content = self._begin()
        self.wfile.write(content)

    def do_HEAD(self) -> None:
        """Answer without the file."""
        self._begin()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""

    def _begin(self) -> bytes:
        path = urlsplit(self.path).path
        file = self.server.folder / path.lstrip("/")
        found = _STATUS.match(path)
        content = file.read_bytes() if file.is_file() else b""
        self.send_response(int(found[1]) if found else 200 if file.is_file() else 404)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')  # noqa: S324
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content
