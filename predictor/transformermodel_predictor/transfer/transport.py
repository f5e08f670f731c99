"""Large answers at the network's speed: an httpx transport that reads what has arrived, up to a mebibyte at a time.

httpx's own transport hands out 64 KiB at most and takes each through a parser in Python, which costs more time than a
fast network. Everything above it stays httpx's: redirects, what they may carry, proxies, errors.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.request import getproxies

import httpx2
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError

_READ_BYTES = 1 << 20

_Result = TypeVar("_Result")


def client(connections: int, timeout_seconds: float) -> httpx2.Client:
    """A client for several threads that follows redirects; where the environment names a proxy, httpx's own."""
    proxied = any(name in getproxies() for name in ("http", "https", "all"))
    transport = None if proxied else _Transport(connections, timeout_seconds)
    return httpx2.Client(transport=transport, timeout=timeout_seconds, follow_redirects=True)


class _Transport(httpx2.BaseTransport):
    def __init__(self, connections: int, timeout_seconds: float) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=connections, ssl_context=httpx2.create_ssl_context(), timeout=timeout_seconds, retries=False
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        answer = _translated(
            lambda: self._pool.request(
                request.method,
                str(request.url),
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        )
        return httpx2.Response(
            answer.status, headers=list(answer.headers.items()), stream=_Body(answer), request=request
        )

    def close(self) -> None:
        self._pool.clear()


class _Body(httpx2.SyncByteStream):
    """The bytes of an answer, as they come."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        while chunk := _translated(lambda: self._answer.read1(_READ_BYTES)):
            yield chunk

    def close(self) -> None:
        if self._answer.closed:
            self._answer.release_conn()  # read to its end: the connection can be used again
        else:
            self._answer.close()


def _translated(work: Callable[[], _Result]) -> _Result:
    """Turn urllib3's errors into those that httpx has for the same."""
    try:
        return work()
    except ConnectTimeoutError as error:
        raise httpx2.ConnectTimeout(str(error)) from error
    except ReadTimeoutError as error:
        raise httpx2.ReadTimeout(str(error)) from error
    except (NewConnectionError, SSLError) as error:
        raise httpx2.ConnectError(str(error)) from error
    except HTTPError as error:
        raise httpx2.RemoteProtocolError(str(error)) from error
