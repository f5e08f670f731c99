"""A server of one file with ranges, sent by the kernel: python -m benchmarks.range_server FILE prints its port."""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class RangeServer(ThreadingHTTPServer):
    """Serves a file, whatever the path, on a free port of the loopback."""

    daemon_threads = True

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.file = file
        self.size = file.stat().st_size


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RangeServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        first, last, size = 0, self.server.size - 1, self.server.size
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        if wanted:
            first, last = int(wanted[1]), int(wanted[2] or last)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(last - first + 1))
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        with self.server.file.open("rb") as stream:
            self.connection.sendfile(stream, first, last - first + 1)


if __name__ == "__main__":
    with RangeServer(Path(sys.argv[1])) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
