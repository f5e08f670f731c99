"""One volume for each claim of a pod: the kubelet never finishes mounting a claim that is in two volumes."""

from collections.abc import Sequence
from typing import Any


def shared_claims(
    volumes: Sequence[dict[str, Any]], mounts: Sequence[dict[str, Any]]
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """Merge the volumes of the same claim into the first of them; mounts keep their own `readOnly`.

    Returns:
        The volumes, and the mounts with the names of the merged volumes.
    """
    first: dict[str, str] = {}
    names: dict[str, str] = {}
    for volume in volumes:
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        names[volume["name"]] = volume["name"] if claim is None else first.setdefault(claim, volume["name"])
    kept = tuple(volume for volume in volumes if names[volume["name"]] == volume["name"])
    return kept, tuple({**mount, "name": names.get(mount["name"], mount["name"])} for mount in mounts)
