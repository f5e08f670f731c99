"""The preparation of an archive, the task Custom: resolve → acquire → unpack → requirements → test → publish."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from transformermodel_api.contract import PreparationRequest, Prepared
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest
from transformermodel_api.source import RemoteCode, Requirements
from transformermodel_predictor.artifact.directory import Artifact, seal, write_beside
from transformermodel_predictor.artifact.manifest import REPORT_FILE, Provenance
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.preparation.archives.inputs import PIPELINE_VERSION, ArchiveInputs, resolve_archive
from transformermodel_predictor.preparation.failure import failures_tell_commit, kept_for_another_attempt
from transformermodel_predictor.preparation.provenance import library_versions
from transformermodel_predictor.preparation.recorder import Recorder
from transformermodel_predictor.progress import Progress, Step
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.reading.borrowed import missing_files, with_borrowed_files
from transformermodel_predictor.torchserve.reading.opening import open_archive
from transformermodel_predictor.torchserve.reading.requirements import install_requirements
from transformermodel_predictor.torchserve.reading.served import (
    ARCHIVE_FOLDER,
    INSTALLED_REQUIREMENTS,
    PACKAGES_FOLDER,
)
from transformermodel_predictor.torchserve.reading.working_copy import working_copy

if TYPE_CHECKING:
    from transformermodel_predictor.preparation.golden import GoldenResult

_FORM, _ENGINE, _PRECISION = "Archive", "Handler", "Unknown"
"""What status says of an artifact whose handler decides all that."""


def prepare_archive(request: PreparationRequest, store: Store, progress: Progress, base: Path) -> Prepared:
    """Prepare the archive that a request names, or find it if that was done before.

    Args:
        request: what is wanted; its task is Custom.
        store: where the artifact goes.
        progress: who watches.
        base: folder that relative `file://` uris start from.

    Raises:
        PreparationFailed: with the class of what went wrong.
    """
    _require_trust(request)
    progress.step(Step.Resolve, request.source.origin)
    inputs = resolve_archive(request, base)
    key = inputs.key_for(request)
    with failures_tell_commit(inputs.resolved.commit):
        artifact = store.find(key)
        if artifact is None:
            with store.workspace(inputs.key) as workspace:
                artifact = store.find(key) or _prepare(request, inputs, store, Recorder(progress), workspace)
        else:
            store.clear(inputs.key)  # of an owner that died after it had published
        return _outcome(artifact, inputs, store)


def _require_trust(request: PreparationRequest) -> None:
    if request.source.trust_remote_code is not RemoteCode.Allowed:
        raise PreparationFailed(
            FailureReason.RemoteCodeForbidden,
            f"{request.source.origin} is an archive whose handler is code of its own.",
        )


def _prepare(
    request: PreparationRequest, inputs: ArchiveInputs, store: Store, recorder: Recorder, workspace: Path
) -> Artifact:
    with kept_for_another_attempt(workspace / "sources") as sources:
        recorder.step(Step.Acquire, inputs.origin)
        archive = inputs.acquire(sources, recorder)
        with kept_for_another_attempt(workspace / "work") as work:
            if work.exists():  # of an attempt that ended early
                shutil.rmtree(work)
            recorder.step(Step.Build, inputs.origin)
            archived = _staged(request, inputs, archive, work)
            recorder.step(Step.Test, f"{len(request.tests)} golden answers")
            golden = _checked(request.tests, archived, work / "trial")
            staged = seal(work / "artifact", _provenance(inputs))
            write_beside(staged.path, REPORT_FILE, _report(recorder, golden, archived))
            recorder.step(Step.Publish, staged.manifest.digest)
            return store.publish(inputs.key_for(request), staged)


def _staged(request: PreparationRequest, inputs: ArchiveInputs, archive: Path, work: Path) -> ArchivedModel:
    """The checked and completed archive in the folder of the artifact, with requirements installed if allowed."""
    try:
        opened = open_archive(archive, "archive", folder=work / "unpacked")
    except PreparationFailed as error:  # the uri says more than the file's place on this machine
        raise PreparationFailed(error.reason, error.message.replace(str(archive), inputs.origin)) from error
    place = work / "artifact"
    place.mkdir(parents=True)
    shutil.move(opened.directory, place / ARCHIVE_FOLDER)
    shutil.rmtree(place / ARCHIVE_FOLDER / "__pycache__", ignore_errors=True)
    packages = None
    if request.source.requirements is Requirements.Installed and (name := opened.manifest.requirements_file):
        packages = place / PACKAGES_FOLDER
        install_requirements(place / ARCHIVE_FOLDER, name, packages, inputs.origin)
        shutil.copyfile(place / ARCHIVE_FOLDER / name, packages / INSTALLED_REQUIREMENTS)
    staged = replace(opened, directory=place / ARCHIVE_FOLDER, packages=packages)
    missing = missing_files(staged)
    return with_borrowed_files(staged, missing) if missing else staged


def _checked(tests: Sequence[GoldenTest], archived: ArchivedModel, folder: Path) -> "Sequence[GoldenResult]":
    """Run the golden tests on a copy of the model, where its handler may write."""
    if not tests:
        return ()
    from transformermodel_predictor.preparation.archives.golden import check_handler_answers  # imports PyTorch: seconds

    return check_handler_answers(tests, replace(archived, directory=working_copy(archived.directory, folder)))


def _provenance(inputs: ArchiveInputs) -> Provenance:
    return Provenance(
        candidate=None,
        source=inputs.resolved.identity,
        commit=inputs.resolved.commit,
        adapter=None,
        libraries=library_versions(),
        pipeline=PIPELINE_VERSION,
    )


def _report(recorder: Recorder, golden: "Sequence[GoldenResult]", archived: ArchivedModel) -> str:
    document = {
        "seconds": recorder.seconds(),
        "bytes": recorder.data(),
        "golden": [vars(result) for result in golden],
        "handler": archived.manifest.handler,
        "version": archived.manifest.model_version,
        "requirements": "Missing" if archived.missing_requirements else "Installed" if archived.packages else "None",
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _outcome(artifact: Artifact, inputs: ArchiveInputs, store: Store) -> Prepared:
    return Prepared(
        digest=artifact.manifest.digest,
        path=store.location(artifact),
        commit=inputs.resolved.commit,
        size_bytes=artifact.manifest.size,
        format=_FORM,
        engine=_ENGINE,
        precision=_PRECISION,
    )
