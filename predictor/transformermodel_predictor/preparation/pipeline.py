"""The preparation: resolves the sources, and finds the artifact in the store or makes it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from transformermodel_api.contract import PreparationRequest, Prepared
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.failure import failures_tell_commit
from transformermodel_predictor.preparation.inputs import Inputs, resolve
from transformermodel_predictor.preparation.outcome import outcome_of
from transformermodel_predictor.preparation.recorder import Recorder
from transformermodel_predictor.progress import Progress, Step
from transformermodel_predictor.resources import resources_classified
from transformermodel_predictor.torchserve.tokenizer_source import pin_tokenizer


def _nothing() -> None:
    """The default for `loaded`."""


def prepare(
    request: PreparationRequest,
    store: Store,
    progress: Progress,
    *,
    base: Path,
    budget: Budget | None = None,
    loaded: Callable[[], None] = _nothing,
) -> Prepared:
    """Find a request's artifact in the store, or prepare it.

    Nothing incomplete is ever published. After an interruption or a transient failure, the next call resumes with what
    was downloaded and built; after a permanent failure, everything is removed.

    Args:
        request: the preparation's.
        store: receives the artifact.
        progress: receives progress.
        base: folder that relative `file://` uris start from.
        budget: limits on the cost of measuring.
        loaded: called once the modules that make an artifact are imported, which takes seconds; not if the artifact is
            found, or the source is not.

    Raises:
        PreparationFailed: with the class of what went wrong.
    """
    with resources_classified():
        if request.task is TaskName.Custom:
            from transformermodel_predictor.preparation.archives.pipeline import prepare_archive

            return prepare_archive(request, store, progress, base)
        progress.step(Step.Resolve, request.source.origin)
        inputs = resolve(request, base)
        with failures_tell_commit(inputs.checkpoint.resolved.commit):
            artifact = _find(request, inputs, store)
            if artifact is None:
                artifact = _make(request, inputs, store, progress, budget or Budget(), loaded)
            else:
                store.clear(inputs.key)  # of an owner that died after it had published
            return outcome_of(artifact, inputs, store)


def _make(
    request: PreparationRequest,
    inputs: Inputs,
    store: Store,
    progress: Progress,
    budget: Budget,
    loaded: Callable[[], None],
) -> Artifact:
    from transformermodel_predictor.preparation.making import make  # imports the models of transformers: seconds

    loaded()
    recorder = Recorder(progress)
    with store.workspace(inputs.key) as workspace:
        return _find(request, inputs, store) or make(request, inputs, store, recorder, workspace, budget)


def _find(request: PreparationRequest, inputs: Inputs, store: Store) -> Artifact | None:
    """The stored artifact of these inputs; None also if it took its tokenizer from a hub and that has changed."""
    artifact = store.find(inputs.key_for(request))
    if artifact is None or (tokenizer := artifact.manifest.provenance.tokenizer) is None:
        return artifact
    now = replace(inputs, tokenizer=pin_tokenizer(tokenizer, request.source.origin))
    return store.find(now.key_for(request))
