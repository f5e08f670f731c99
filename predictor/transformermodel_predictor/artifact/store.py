"""Where artifacts are kept.

artifacts/<digest>/     the artifacts, named by their content
inputs/<key>            the digest of what came of an input, so that nothing is prepared twice
refs/<cluster>/<namespace>/<name>    the digests that a model in a cluster serves or may go back to
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from transformermodel_predictor.artifact.directory import Artifact

ARTIFACTS, INPUTS, REFERENCES = "artifacts", "inputs", "refs"


class Store(Protocol):
    """A place for artifacts. Keys are 64 hexadecimal digits."""

    def find(self, input_key: str) -> Artifact | None:
        """The verified artifact that was made of an input, if there is one and it is whole."""
        ...

    def workspace(self, key: str) -> AbstractContextManager[Path]:
        """A folder to work in, of one owner at a time: a second one waits.

        What a dead owner left is still there. The folder is removed when its work ends well; when it ends with an
        error, what was left in it on purpose is kept for the next attempt.
        """
        ...

    def clear(self, key: str) -> None:
        """Remove a workspace that a dead owner left; one that is in use stays."""
        ...

    def publish(self, input_key: str, staged: Artifact) -> Artifact:
        """Move a sealed artifact from a workspace into the store, all at once, and remember its input.

        One that is in the store already is remembered for a further input.
        """
        ...

    def refer(self, reference: str, digest: str) -> None:
        """Note that the model CLUSTER/NAMESPACE/NAME uses an artifact from now on: it and those before are kept."""
        ...

    def location(self, artifact: Artifact) -> str:
        """Where an artifact of this store is, relative to the store."""
        ...

    def open(self, digest: str) -> Artifact:
        """The verified artifact of a digest, as a folder on this machine.

        Raises:
            CorruptArtifact: it is not what its manifest says, or there is no such folder.
            PreparationFailed: object storage does not have it, or cannot be asked.
        """
        ...
