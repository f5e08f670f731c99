"""Container images as files: the OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md)."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MEDIA_TYPE = "application/vnd.oci.image"


@dataclass(frozen=True)
class Image:
    """An image of one layer.

    Attributes:
        names: references under which it is found.
        directories: path in the image and mode.
        files: path in the image, content and mode.
        links: path in the image and what it points to.
        configuration: User, Env, Entrypoint …, as in the specification's `config`.
    """

    names: tuple[str, ...]
    directories: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    configuration: Mapping[str, object] = field(default_factory=dict)

    def layer(self) -> bytes:
        """The files as an uncompressed tar archive, the same bytes for the same content."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, mode in self.directories.items():
                archive.addfile(_member(path, mode, tarfile.DIRTYPE))
            for path, (content, mode) in self.files.items():
                member = _member(path, mode, tarfile.REGTYPE)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for path, target in self.links.items():
                member = _member(path, 0o777, tarfile.SYMTYPE)
                member.linkname = target
                archive.addfile(member)
        return buffer.getvalue()


def _member(path: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path.lstrip("/"))
    member.mode, member.type = mode, kind
    return member


def write_archive(path: Path, images: Sequence[Image]) -> None:
    """Write images into one archive that `ctr images import` reads."""
    blobs: dict[str, bytes] = {}

    def descriptor(kind: str, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": f"{_MEDIA_TYPE}.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    manifests = []
    for image in images:
        layer = descriptor("layer.v1.tar", image.layer())
        configuration = {
            "architecture": _ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": image.configuration,
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{_MEDIA_TYPE}.manifest.v1+json",
            "config": descriptor("config.v1+json", json.dumps(configuration).encode()),
            "layers": [layer],
        }
        described = descriptor("manifest.v1+json", json.dumps(manifest).encode())
        manifests += [{**described, "annotations": {"io.containerd.image.name": name}} for name in image.names]
    index = {"schemaVersion": 2, "manifests": manifests}
    files = {
        "oci-layout": (b'{"imageLayoutVersion":"1.0.0"}', 0o644),
        "index.json": (json.dumps(index).encode(), 0o644),
        **{f"blobs/sha256/{digest}": (content, 0o644) for digest, content in blobs.items()},
    }
    path.write_bytes(Image((), files=files).layer())
