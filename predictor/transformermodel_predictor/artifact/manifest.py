"""manifest.json: the files of an artifact, and its provenance. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from transformermodel_api.errors import UserError
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.checksums import FileEntry, digest

MANIFEST_FILE = "manifest.json"
REPORT_FILE = "report.json"
RECORDINGS_FILE = "recordings.json"
"""What an engine has recorded of the model, for versions of libraries that it names: there need not be one."""
BESIDE_CONTENT = (REPORT_FILE, RECORDINGS_FILE)
"""Files that a preparation may write about the content: not part of it, and replaced by those of a newer one."""
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """What an artifact was made from and how.

    Attributes:
        candidate: form of the weights, engine and precision; None for an archive, whose handler decides all that.
        source: identity of the checkpoint, or of the archive.
        commit: the checkpoint's pinned state, for people.
        adapter: identity of the adapter that was merged, if any.
        libraries: versions of the libraries that took part.
        pipeline: version of the preparation.
        tokenizer: identity of the repository that the tokenizer is from, where that is not the checkpoint's.
    """

    candidate: Candidate | None
    source: str
    commit: str
    adapter: str | None
    libraries: Mapping[str, str]
    pipeline: int
    tokenizer: str | None = None


@dataclass(frozen=True)
class Manifest:
    """The list of an artifact's content files, and its provenance."""

    files: tuple[FileEntry, ...]
    provenance: Provenance

    @property
    def digest(self) -> str:
        """Identity of the content."""
        return digest(self.files)

    @property
    def size(self) -> int:
        """Size of the content in bytes."""
        return sum(entry.size for entry in self.files)

    @property
    def is_of_archive(self) -> bool:
        """Whether it is an archive with its own handler: the task Custom."""
        return self.provenance.candidate is None

    @property
    def candidate(self) -> Candidate:
        """Form of the weights, engine and precision.

        Raises:
            UserError: it is an archive's, which has none.
        """
        if self.provenance.candidate is None:
            raise UserError("this artifact is an archive with a handler of its own: it has no form of ours to load")
        return self.provenance.candidate

    @property
    def source(self) -> str:
        """Identity of the checkpoint."""
        return self.provenance.source

    @property
    def commit(self) -> str:
        """The checkpoint's pinned state, for people."""
        return self.provenance.commit

    def text(self) -> str:
        """The content of manifest.json."""
        made = self.provenance
        document = {
            "schemaVersion": SCHEMA_VERSION,
            "digest": self.digest,
            "candidate": made.candidate and {name: value.value for name, value in vars(made.candidate).items()},
            "source": made.source,
            "commit": made.commit,
            "adapter": made.adapter,
            **({"tokenizer": made.tokenizer} if made.tokenizer else {}),
            "libraries": dict(made.libraries),
            "pipeline": made.pipeline,
            "files": [vars(entry) for entry in sorted(self.files)],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_manifest(text: str) -> Manifest:
    """Read manifest.json.

    Raises:
        ValueError: it is not a manifest that this version can read, or does not fit its own digest.
    """
    try:
        document = json.loads(text)
        manifest, recorded = _manifest(document), document["digest"]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing or has the wrong type ({error})") from error
    if recorded != manifest.digest:
        raise ValueError("its list of files does not give its digest")
    return manifest


def _manifest(document: Mapping[str, Any]) -> Manifest:
    if document["schemaVersion"] != SCHEMA_VERSION:
        raise ValueError(f"schemaVersion {document['schemaVersion']} is not known here")
    return Manifest(
        files=tuple(_entry(**entry) for entry in document["files"]),
        provenance=Provenance(
            candidate=None if document["candidate"] is None else _candidate(document["candidate"]),
            source=document["source"],
            commit=document["commit"],
            adapter=document["adapter"],
            libraries=document["libraries"],
            pipeline=document["pipeline"],
            tokenizer=document.get("tokenizer"),
        ),
    )


def _candidate(document: Mapping[str, Any]) -> Candidate:
    return Candidate(Format(document["format"]), EngineName(document["engine"]), Precision(document["precision"]))


def _entry(path: str, size: int, sha256: str) -> FileEntry:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise ValueError(f"the path {path!r} leaves the folder")
    return FileEntry(path, int(size), sha256)
