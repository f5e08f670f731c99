"""The interface of a store of artifacts, and its layout.

artifacts/<digest>/     the artifacts, named by their content
inputs/<key>            the digest of an input's artifact, so that nothing is prepared twice
refs/<cluster>/<namespace>/<name>    the digests that a model in a cluster serves or may go back to
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from transformermodel_predictor.artifact.directory import Artifact

ARTIFACTS, INPUTS, REFERENCES = "artifacts", "inputs", "refs"


class Store(Protocol):
    """A store of artifacts. Keys are 64 hexadecimal digits."""

    def find(self, input_key: str) -> Artifact | None:
        """The verified artifact of an input, if it exists and is undamaged."""
        ...

    def workspace(self, key: str) -> AbstractContextManager[Path]:
        """A working folder with one owner at a time; a second one waits.

        It still has what a dead owner left. The folder is removed when the work succeeds; after an error, what was
        left in it is kept for the next attempt.
        """
        ...

    def clear(self, key: str) -> None:
        """Remove a dead owner's workspace; one in use is kept."""
        ...

    def publish(self, input_key: str, staged: Artifact) -> Artifact:
        """Move a sealed artifact from a workspace into the store, atomically, and record its input.

        For an artifact that is in the store already, the further input is recorded.
        """
        ...

    def refer(self, reference: str, digest: str) -> None:
        """Record that the model CLUSTER/NAMESPACE/NAME uses an artifact from now on; it and earlier ones are kept."""
        ...

    def location(self, artifact: Artifact) -> str:
        """The location of an artifact, relative to the store."""
        ...

    def open(self, digest: str) -> Artifact:
        """The verified artifact of a digest, as a folder on this machine.

        Raises:
            CorruptArtifact: it does not match its manifest, or there is no such folder.
            PreparationFailed: object storage does not have it, or cannot be reached.
        """
        ...
