"""refs/<cluster>/<namespace>/<name>: which artifacts a model serves or may go back to. Pure.

One digest a line, the newest first. In object storage a model has an object for each: see `object_references`.
"""

from transformermodel_api.errors import UserError

KEPT_REVISIONS = 10
"""Number of artifacts kept per model, like a Deployment's revision history."""

_PARTS = 3


def reference_key(reference: str) -> str:
    """The key of a reference in the store's refs.

    Raises:
        UserError: it is not CLUSTER/NAMESPACE/NAME.
    """
    parts = reference.split("/")
    if len(parts) != _PARTS or not all(part.strip(".") for part in parts):
        raise UserError(f"{reference!r} is no reference: it must be CLUSTER/NAMESPACE/NAME")
    return reference


def digests_of(text: str) -> tuple[str, ...]:
    """The digests in a reference file, the newest first."""
    return tuple(text.split())


def with_newest(text: str, digest: str) -> str:
    """The reference file's text after its model was prepared to this digest."""
    others = [other for other in digests_of(text) if other != digest]
    return "".join(f"{line}\n" for line in [digest, *others][:KEPT_REVISIONS])
