"""Sources and samples on PersistentVolumeClaims: the Job's pod mounts them, and the preparation reads a folder."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from transformermodel_api.contract import PreparationRequest

_SCHEME = "pvc://"
_MOUNTS = "/mnt/sources"


@dataclass(frozen=True)
class SourceClaims:
    """The claims of a request's sources and samples.

    Attributes:
        request: the request with `pvc://` uris replaced by `file://` uris of the mounted folders.
        names: the claims' names, sorted, each once.
    """

    request: PreparationRequest
    names: tuple[str, ...]

    @classmethod
    def of(cls, request: PreparationRequest) -> "SourceClaims":
        """Collect the claims of a request."""
        source, parity = request.source, request.preparation.parity
        uris = (source.uri, source.adapter_uri, parity.samples_uri if parity else None)
        names = sorted({_claim(uri) for uri in uris if uri is not None and uri.startswith(_SCHEME)})
        mounted = source.model_copy(
            update={"uri": _mounted(source.uri), "adapter_uri": source.adapter_uri and _mounted(source.adapter_uri)}
        )
        update: dict[str, Any] = {"source": mounted}
        if parity and parity.samples_uri:
            compared = parity.model_copy(update={"samples_uri": _mounted(parity.samples_uri)})
            update["preparation"] = request.preparation.model_copy(update={"parity": compared})
        return cls(request.model_copy(update=update), tuple(names))

    @property
    def volumes(self) -> list[dict[str, Any]]:
        """The pod's volumes for the claims."""
        return [
            {"name": f"source-{number}", "persistentVolumeClaim": {"claimName": name}}
            for number, name in enumerate(self.names)
        ]

    @property
    def mounts(self) -> list[dict[str, Any]]:
        """The container's mounts of the claims, read-only: nothing writes to a source."""
        return [
            {"name": f"source-{number}", "mountPath": f"{_MOUNTS}/{name}", "readOnly": True}
            for number, name in enumerate(self.names)
        ]


def _claim(uri: str) -> str:
    return uri.removeprefix(_SCHEME).partition("/")[0]


def _mounted(uri: str) -> str:
    """The uri of a source after its claim is mounted. `..` is dropped, so that no path leaves its claim."""
    if not uri.startswith(_SCHEME):
        return uri
    claim, _, path = uri.removeprefix(_SCHEME).partition("/")
    parts = [part for part in PurePosixPath(path).parts if part not in ("..", "/")]
    return f"file://{'/'.join((_MOUNTS, claim, *parts))}"
