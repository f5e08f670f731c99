"""The model store: the folder whose archives may be registered by name."""

from pathlib import Path

from transformermodel_predictor.protocols.errors import InvalidRequest, UnknownArchive


def archive_path(folder: Path | None, url: str) -> Path:
    """The archive that a registration names: a file or a folder directly in the store, and nothing outside of it.

    Raises:
        InvalidRequest: the url is a path or a remote URL instead of a name, or there is no store.
        UnknownArchive: the store has no such archive.
    """
    if folder is None:
        raise InvalidRequest("this server has no model store: start it with --model-store")
    if "://" in url:
        raise InvalidRequest("archives are not fetched from elsewhere: put it into the model store and name its file")
    if url.startswith(".") or "/" in url or "\\" in url or "\x00" in url:
        raise InvalidRequest("url must be the name of an archive in the model store, without a path")
    path = folder / url
    if not path.exists():
        raise UnknownArchive(url)
    return path
