"""https://: a single file on a web server, such as an archive or a GGUF file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx2
from huggingface_hub import hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.origin import without_secrets
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.source import Listing, Resolved
from transformermodel_predictor.transfer.download import download
from transformermodel_predictor.transfer.landing import RemoteFile, bytes_to_come
from transformermodel_predictor.transfer.retries import Retries
from transformermodel_predictor.transfer.space import require_space
from transformermodel_predictor.transfer.transport import client

_TIMEOUT_SECONDS = 30.0
_HEADERS = {"User-Agent": "transformermodel", "Accept-Encoding": "identity"}
_FRAGMENT = re.compile(r"sha256=([0-9a-f]{64})")
_URL = re.compile(r"https?://\S+")
_VALIDATORS = ("ETag", "Last-Modified")

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Control characters, which no name of a file, a host or an object may contain."""


class HttpsFile:
    """A file at a url. Implements `SourceFile`.

    It is identified by the server's validator (ETag, Last-Modified), or by its content if the uri ends with `#sha256=`
    and 64 hexadecimal digits. Messages omit the query string, which may contain a signature.

    Raises:
        ValueError: the uri's path does not end with a valid file name.
    """

    def __init__(self, uri: str, retries: Retries | None = None) -> None:
        parts = urlsplit(uri)
        self._url = parts._replace(fragment="").geturl()
        self._fragment = parts.fragment
        self._name = _file_name(parts.path)
        self._retries = retries or Retries()
        self.uri = without_secrets(uri)

    def resolve(self) -> Resolved:
        """Ask the server for the file's size and state."""
        return _resolved(self._ask(), self.uri)

    def listing(self) -> Listing:
        """The file alone, as the server describes it."""
        return Listing({self._name: self._ask().size}, None)

    def fetch(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Download the file, resuming an earlier attempt."""
        file = self._ask()
        if _resolved(file, self.uri) != resolved:
            raise PreparationFailed(
                FailureReason.ChecksumMismatch, f"{self.uri} was changed while it was read: start again."
            )
        require_space(bytes_to_come(file, folder), folder, self.uri)
        with self._failures_classified():
            download([file], folder, _HEADERS, lambda there: progress.bytes(there, file.size), self._retries)
        return folder / file.name

    def _ask(self) -> RemoteFile:
        with self._failures_classified(), client(1, _TIMEOUT_SECONDS) as session:
            answer = self._retries.run(lambda: self._head(session))
        size = answer.headers.get("Content-Length", "")
        if not size.isdecimal():
            raise PreparationFailed(FailureReason.UnsupportedSource, f"the server gives no size for {self.uri}.")
        stated = next(((name, answer.headers[name]) for name in _VALIDATORS if name in answer.headers), None)
        return RemoteFile(self._name, self._url, int(size), sha256=self._checksum(), validator=stated)

    def _head(self, session: httpx2.Client) -> httpx2.Response:
        answer = session.head(self._url, headers=_HEADERS)
        hf_raise_for_status(answer)
        return answer

    def _checksum(self) -> str | None:
        """The SHA-256 in the uri, if any."""
        if not self._fragment:
            return None
        if not (found := _FRAGMENT.fullmatch(self._fragment)):
            raise PreparationFailed(
                FailureReason.UnsupportedSource, f"{self.uri}: after # there must be sha256= and 64 hexadecimal digits."
            )
        return found[1]

    @contextmanager
    def _failures_classified(self) -> Iterator[None]:
        try:
            yield
        except HfHubHTTPError as error:
            raise _refused(error.response.status_code, self.uri) from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            cause = _URL.sub(lambda found: without_secrets(found[0]), str(error)) or type(error).__name__
            raise PreparationFailed(FailureReason.Unreachable, f"{self.uri} cannot be reached ({cause}).") from error


def _file_name(path: str) -> str:
    """The last part of a url's path, after decoding: an encoded slash would lead out of the target folder."""
    name = PurePosixPath(unquote(path)).name
    if name in ("", "..") or CONTROL.search(name):
        raise ValueError(f"the url names no file: {name!r}")
    return name


def _resolved(file: RemoteFile, uri: str) -> Resolved:
    if file.sha256 is not None:
        return Resolved(identity=f"sha256@{file.sha256}", commit=file.sha256)
    state = file.validator[1] if file.validator else "unknown"
    return Resolved(identity=f"{uri}@{state} {file.size}", commit=state.removeprefix("W/").strip('"'))


def _refused(status: int, uri: str) -> PreparationFailed:
    match status:
        case 404 | 410:
            return PreparationFailed(FailureReason.NotFound, f"{uri} is not there.")
        case 401 | 403:
            return PreparationFailed(FailureReason.Unauthorized, f"{uri} may not be read (status {status}).")
        case 429:
            return PreparationFailed(FailureReason.RateLimited, f"{uri}: too many requests.")
        case _:
            return PreparationFailed(FailureReason.Unreachable, f"{uri}: the server answers with status {status}.")
