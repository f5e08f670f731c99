"""hf://: a repository on the Hugging Face Hub or on any server that speaks like it."""

import os
from pathlib import Path

from huggingface_hub import hf_hub_url
from huggingface_hub.hf_api import ModelInfo, RepoSibling

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.preparation.progress import Progress
from transformermodel_predictor.sources.download import RemoteFile, download
from transformermodel_predictor.sources.hub_access import HubAccess
from transformermodel_predictor.sources.hub_failure import hub_failures_classified
from transformermodel_predictor.sources.selection import needed_files
from transformermodel_predictor.sources.source import Resolved

_DEFAULT_REVISION = "main"
_TIMEOUT_SECONDS = 30.0


class HubSource:
    """A repository at a revision, read at the one commit to which that was resolved."""

    def __init__(self, repository: str, revision: str | None) -> None:
        self._repository = repository
        self._revision = revision or _DEFAULT_REVISION
        self._uri = f"hf://{repository}"

    def resolve(self) -> Resolved:
        """Ask the hub which commit the revision is."""
        commit = self._info(HubAccess.of(os.environ), self._revision, files=False).sha
        if not commit:
            raise PreparationFailed(
                FailureReason.UnsupportedSource, f"the hub names no commit for {self._uri} at {self._revision}."
            )
        return Resolved(identity=f"{self._uri}@{commit}", commit=commit)

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Download the needed files at the commit, going on where an earlier attempt ended."""
        access = HubAccess.of(os.environ)
        files = self._files(access, resolved.commit)
        total = sum(file.size for file in files)
        folder.mkdir(parents=True, exist_ok=True)
        done = 0
        for file in files:

            def report(there: int, before: int = done) -> None:
                progress.bytes(before + there, total)

            with hub_failures_classified(self._uri, resolved.commit, access):
                download(file, folder, access.headers(), report)
            done += file.size
        return folder

    def _files(self, access: HubAccess, commit: str) -> list[RemoteFile]:
        listed = {file.rfilename: file for file in self._info(access, commit, files=True).siblings or ()}
        return [self._remote(access, listed[name], commit) for name in needed_files(listed.keys(), self._uri)]

    def _remote(self, access: HubAccess, file: RepoSibling, commit: str) -> RemoteFile:
        name = file.rfilename
        if file.size is None:
            raise PreparationFailed(FailureReason.UnsupportedSource, f"the hub gives no size for {self._uri}/{name}.")
        return RemoteFile(
            name=name,
            url=hf_hub_url(self._repository, name, revision=commit, endpoint=access.endpoint),
            size=file.size,
            sha256=file.lfs.sha256 if file.lfs else None,
            git_blob=None if file.lfs else file.blob_id,
        )

    def _info(self, access: HubAccess, revision: str, *, files: bool) -> ModelInfo:
        with hub_failures_classified(self._uri, revision, access):
            return access.api().model_info(
                self._repository, revision=revision, files_metadata=files, timeout=_TIMEOUT_SECONDS
            )
