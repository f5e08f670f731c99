"""hf://: a repository on the Hugging Face Hub or a compatible server."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.utils._validators import validate_repo_id

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.archive import unpacked
from transformermodel_predictor.sources.hub_access import HubAccess
from transformermodel_predictor.sources.hub_answer import HubAnswer, HubFile, NoHubAnswer, read_hub_answer
from transformermodel_predictor.sources.hub_cache import HubCache
from transformermodel_predictor.sources.hub_failure import hub_failures_classified
from transformermodel_predictor.sources.selection import Selection, needed_files, or_archive
from transformermodel_predictor.sources.source import Listing, Resolved
from transformermodel_predictor.sources.tree import survey_files
from transformermodel_predictor.sources.unpacking import is_archive
from transformermodel_predictor.transfer.download import download
from transformermodel_predictor.transfer.landing import RemoteFile, bytes_to_come
from transformermodel_predictor.transfer.retries import Retries
from transformermodel_predictor.transfer.space import require_space

_DEFAULT_REVISION = "main"
_CONFIGURATION = "config.json"
_DESCRIPTIONS = frozenset({_CONFIGURATION, "adapter_config.json"})
"""Small files that describe a repository's content."""
_TIMEOUT_SECONDS = 30.0


class HubSource:
    """A repository at a revision, read at the one commit it resolves to. Implements `Source`.

    If the repository has an archive instead of the selected files, it is unpacked.

    With HF_HUB_OFFLINE no request is made: revision and files are those in huggingface_hub's cache.

    Args:
        repository: organisation and name.
        revision: branch, tag or commit; `main` when None.
        selection: of the files.
        retries: of transient refusals.
    """

    def __init__(
        self,
        repository: str,
        revision: str | None,
        selection: Selection = needed_files,
        *,
        retries: Retries | None = None,
    ) -> None:
        self._repository = repository
        self._revision = revision or _DEFAULT_REVISION
        self._uri = f"hf://{repository}"
        self._content = selection
        self._selection = or_archive(selection)
        self._retries = retries or Retries()

    def resolve(self) -> Resolved:
        """Resolve the revision to a commit on the hub."""
        access = HubAccess.of(os.environ)
        commit = (
            self._cache().commit(self._revision)
            if access.offline
            else self._asked(access, self._revision, files=False).commit
        )
        if not commit:
            raise PreparationFailed(
                FailureReason.UnsupportedSource, f"the hub names no commit for {self._uri} at {self._revision}."
            )
        return Resolved(identity=f"{self._uri}@{commit}", commit=commit)

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """The needed files at the commit; configurations and an index of shards are read."""
        access = HubAccess.of(os.environ)
        if access.offline:
            return survey_files(self._cache().files(resolved.commit, self._selection))
        folder.mkdir(parents=True, exist_ok=True)
        with hub_failures_classified(self._uri, resolved.commit, access):
            wanted = self._wanted(access, resolved.commit, folder)
            described = [file for file in wanted if file.name in _DESCRIPTIONS]
            self._download(described, folder, access, None)
        local = survey_files([folder / file.name for file in described])
        return replace(local, sizes={file.name: file.size for file in wanted})

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Download the needed files at the commit, resuming an earlier attempt."""
        access = HubAccess.of(os.environ)
        if access.offline:
            root = self._cache().acquire(resolved.commit, progress, self._selection)
            return self._opened(self._cache().files(resolved.commit, self._selection), root, folder)
        folder.mkdir(parents=True, exist_ok=True)
        with hub_failures_classified(self._uri, resolved.commit, access):
            wanted = self._wanted(access, resolved.commit, folder)
            require_space(sum(bytes_to_come(file, folder) for file in wanted), folder, self._uri)
            self._download(wanted, folder, access, progress)
        return self._opened([folder / file.name for file in wanted], folder, folder)

    def _opened(self, files: Sequence[Path], root: Path, folder: Path) -> Path:
        """The folder with the repository's content; an archive is unpacked first."""
        if len(files) == 1 and is_archive(files[0].name):
            return unpacked(files[0], folder, self._uri, self._content)
        return root

    def _wanted(self, access: HubAccess, commit: str, folder: Path) -> list[RemoteFile]:
        """The needed files; an index of shards is fetched into the folder and read."""
        listed = self._listed(access, commit)

        def read(name: str) -> str:
            self._download([listed[name]], folder, access, None)
            return (folder / name).read_text(encoding="utf-8")

        needed = self._selection(listed, self._uri, read)
        return [listed[name] for name in needed]

    def _download(
        self, files: Sequence[RemoteFile], folder: Path, access: HubAccess, progress: Progress | None
    ) -> None:
        total = sum(file.size for file in files)

        def report(there: int) -> None:
            if progress is not None:
                progress.bytes(there, total)

        download(files, folder, access.headers(), report, self._retries)

    def _listed(self, access: HubAccess, commit: str) -> Mapping[str, RemoteFile]:
        """The files at the top of the repository, by name."""
        files = self._asked(access, commit, files=True).files
        return {file.name: self._remote(access, file, commit) for file in files if "/" not in file.name}

    def _remote(self, access: HubAccess, file: HubFile, commit: str) -> RemoteFile:
        name = file.name
        if file.size is None:
            raise PreparationFailed(FailureReason.UnsupportedSource, f"the hub gives no size for {self._uri}/{name}.")
        return RemoteFile(
            name=name,
            url=hf_hub_url(self._repository, name, revision=commit, endpoint=access.endpoint),
            size=file.size,
            sha256=file.sha256,
            git_blob=file.git_blob,
        )

    def _asked(self, access: HubAccess, revision: str, *, files: bool) -> HubAnswer:
        """The hub's description of the repository; with `files`, including their sizes and hashes."""
        with hub_failures_classified(self._uri, revision, access):
            validate_repo_id(self._repository)
            return self._retries.run(lambda: self._ask(access, revision, files=files))

    def _ask(self, access: HubAccess, revision: str, *, files: bool) -> HubAnswer:
        """Ask once. Not by huggingface_hub, which also reports to huggingface.co, and accepts any response."""
        path = f"/api/models/{self._repository}/revision/{quote(revision, safe='')}"
        response = get_session().get(
            f"{access.endpoint}{path}",
            headers=access.headers(),
            params={"blobs": "True"} if files else None,
            timeout=_TIMEOUT_SECONDS,
        )
        hf_raise_for_status(response)
        try:
            return read_hub_answer(response.text)
        except NoHubAnswer as error:
            raise PreparationFailed(
                FailureReason.Unreachable,
                f"{self._uri}: {access.shown}{path} is not answered by a hub: {error} came, as a page to log in does.",
            ) from error

    def _cache(self) -> HubCache:
        return HubCache.of(os.environ, self._repository)
