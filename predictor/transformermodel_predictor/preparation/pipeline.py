"""The preparation: resolve → acquire → merge → build → test → publish."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformermodel_api.contract import PreparationRequest, Prepared
from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.artifact.directory import Artifact, seal, write_beside
from transformermodel_predictor.artifact.manifest import REPORT_FILE
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.build import build
from transformermodel_predictor.preparation.candidates import choose_candidate
from transformermodel_predictor.preparation.failure import resources_classified
from transformermodel_predictor.preparation.golden import check_golden_answers
from transformermodel_predictor.preparation.inputs import Inputs, acquire, resolve
from transformermodel_predictor.preparation.merge import merge
from transformermodel_predictor.preparation.progress import Progress, Step
from transformermodel_predictor.preparation.provenance import provenance_of
from transformermodel_predictor.preparation.report import Recorder


def prepare(request: PreparationRequest, store: Store, progress: Progress, *, base: Path) -> Prepared:
    """Prepare what a request asks for, or find it if that was done before.

    Whatever ends it early, nothing half-done is published. After an interruption, or a failure that may pass, a further
    call goes on with what was downloaded; after a failure that stays nothing is left.

    Args:
        request: what is wanted.
        store: where the artifact goes.
        progress: who watches.
        base: folder that relative `file://` uris start from.

    Raises:
        PreparationFailed: with the class of what went wrong.
    """
    with resources_classified():
        progress.step(Step.Resolve, request.source.uri)
        inputs = resolve(request, base)
        key = inputs.key_for(request)
        artifact = store.find(key)
        if artifact is None:
            with store.workspace(inputs.key) as workspace:
                artifact = store.find(key) or _prepare(request, inputs, store, progress, workspace)
        else:
            store.clear(inputs.key)  # of an owner that died after it had published
        return _outcome(artifact, inputs, store)


def _prepare(
    request: PreparationRequest, inputs: Inputs, store: Store, progress: Progress, workspace: Path
) -> Artifact:
    recorder, candidate = Recorder(progress), choose_candidate(request.preparation)
    with _scratch(workspace / "artifact") as folder, _kept_for_another_attempt(workspace / "sources") as sources:
        recorder.step(Step.Acquire, " + ".join(source.uri for source in (inputs.checkpoint, inputs.adapter) if source))
        acquired = acquire(inputs, sources, recorder)
        recorder.step(Step.Merge, request.source.adapter_uri or "no adapter")
        merged = merge(request, acquired)
        recorder.step(Step.Build, candidate.format.value)
        build(merged, request.task, candidate, folder)
        del merged  # the tests load what was written; two models at once may not fit into memory
        staged = seal(folder, provenance_of(inputs, candidate))
        recorder.step(Step.Test, f"{len(request.tests)} golden answers")
        golden = check_golden_answers(request.tests, load_model(staged).answer)
        write_beside(folder, REPORT_FILE, recorder.text(golden))
        recorder.step(Step.Publish, staged.manifest.digest)
        return store.publish(inputs.key_for(request), staged)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """The name of a folder that is not there yet, whatever a dead run left; and is gone after a failure."""
    if folder.exists():
        shutil.rmtree(folder)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _kept_for_another_attempt(folder: Path) -> Iterator[Path]:
    """A folder that outlives an interruption and a failure that may pass, but not a failure that stays."""
    try:
        with resources_classified():
            yield folder
    except PreparationFailed as error:
        if folder.exists() and not error.reason.transient:
            shutil.rmtree(folder)
        raise


def _outcome(artifact: Artifact, inputs: Inputs, store: Store) -> Prepared:
    candidate = artifact.manifest.candidate
    return Prepared(
        digest=artifact.manifest.digest,
        path=store.location(artifact),
        commit=inputs.checkpoint.resolved.commit,
        size_bytes=artifact.manifest.size,
        format=candidate.format.value,
        engine=candidate.engine.value,
        precision=candidate.precision.value,
    )
