"""One file over HTTP, in a folder where a download that was interrupted goes on.

huggingface_hub's own download starts again at the first byte after its process was killed, and leaves what it had.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import get_session, hf_raise_for_status

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.checksums import sha256_of

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class RemoteFile:
    """A file at a fixed state.

    Attributes:
        name: its name in the folder.
        url: where it is.
        size: in bytes.
        sha256: of its content, if known.
        git_blob: git's id of its content, if known; small files on a hub have no SHA-256.
    """

    name: str
    url: str
    size: int
    sha256: str | None = None
    git_blob: str | None = None


def download(file: RemoteFile, folder: Path, headers: Mapping[str, str], progress: Callable[[int], None]) -> Path:
    """The file in the folder, verified; `progress` is told how many of its bytes are there.

    Raises:
        PreparationFailed: ChecksumMismatch, other bytes came than the source has.
        huggingface_hub.errors.HfHubHTTPError: the server refused.
        httpx2.TransportError: the connection failed and a new one brought nothing more.
    """
    target = folder / file.name
    if not _is_whole(target, file):
        part = folder / f"{file.name}.part"
        if _size(part) > file.size:
            part.unlink()
        _fetch(file, part, headers, progress)
        if not _is_whole(part, file):
            part.unlink()
            raise PreparationFailed(
                FailureReason.ChecksumMismatch, f"{file.name} arrived damaged: its checksum is not the source's."
            )
        part.replace(target)
    progress(file.size)
    return target


def _fetch(file: RemoteFile, part: Path, headers: Mapping[str, str], progress: Callable[[int], None]) -> None:
    """Append what is missing. A connection that ends early is made again as long as each brings something."""
    part.touch()
    while (there := _size(part)) < file.size:
        try:
            _append(file, part, headers, there, progress)
        except httpx2.TransportError:
            if _size(part) <= there:
                raise
        else:
            if _size(part) <= there:
                raise httpx2.RemoteProtocolError(f"the server sent nothing of {file.name} after byte {there}")


def _append(
    file: RemoteFile, part: Path, headers: Mapping[str, str], there: int, progress: Callable[[int], None]
) -> None:
    wanted = {**headers, "Range": f"bytes={there}-"} if there else dict(headers)
    with get_session().stream("GET", file.url, headers=wanted, timeout=_TIMEOUT_SECONDS) as response:
        if response.is_error:
            response.read()
        hf_raise_for_status(response)
        goes_on = response.status_code == httpx2.codes.PARTIAL_CONTENT
        done = there if goes_on else 0
        with part.open("ab" if goes_on else "wb") as writer:
            for chunk in response.iter_bytes():  # as it comes: what was received before a break is kept
                writer.write(chunk)
                done += len(chunk)
                progress(done)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether the file is there with the size and, where one is known, the hash that it must have."""
    if not path.is_file() or _size(path) != file.size:
        return False
    if file.sha256 is not None:
        return sha256_of(path) == file.sha256
    return file.git_blob is None or _git_blob(path) == file.git_blob


def _git_blob(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
