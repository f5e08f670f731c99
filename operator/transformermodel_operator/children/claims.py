"""Sources on claims: the Job's pod mounts them, and the preparation reads a folder."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from transformermodel_api.contract import PreparationRequest

_SCHEME = "pvc://"
_MOUNTS = "/mnt/sources"


@dataclass(frozen=True)
class SourceClaims:
    """The claims that a request's sources are on, and the request as it reads once they are mounted."""

    request: PreparationRequest
    names: tuple[str, ...]

    @classmethod
    def of(cls, request: PreparationRequest) -> "SourceClaims":
        """Find the claims of a request."""
        source = request.source
        uris = {"uri": source.uri, "adapter_uri": source.adapter_uri}
        on_claims = {name: uri for name, uri in uris.items() if uri is not None and uri.startswith(_SCHEME)}
        mounted = source.model_copy(update={name: _mounted(uri) for name, uri in on_claims.items()})
        names = sorted({_claim(uri) for uri in on_claims.values()})
        return cls(request.model_copy(update={"source": mounted}), tuple(names))

    @property
    def volumes(self) -> list[dict[str, Any]]:
        """What the pod needs for them."""
        return [
            {"name": f"source-{number}", "persistentVolumeClaim": {"claimName": name}}
            for number, name in enumerate(self.names)
        ]

    @property
    def mounts(self) -> list[dict[str, Any]]:
        """Where the container has them; nothing writes to a source."""
        return [
            {"name": f"source-{number}", "mountPath": f"{_MOUNTS}/{name}", "readOnly": True}
            for number, name in enumerate(self.names)
        ]


def _claim(uri: str) -> str:
    return uri.removeprefix(_SCHEME).partition("/")[0]


def _mounted(uri: str) -> str:
    """The folder of a source. A path that climbs out of its claim ends at the claim's root."""
    claim, _, path = uri.removeprefix(_SCHEME).partition("/")
    parts = [part for part in PurePosixPath(path).parts if part not in ("..", "/")]
    return f"file://{'/'.join((_MOUNTS, claim, *parts))}"
