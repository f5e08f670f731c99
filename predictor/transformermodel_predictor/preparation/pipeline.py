"""The preparation: resolve → acquire → merge → build → compare → measure → test → publish."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from transformermodel_api.contract import PreparationRequest, Prepared
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact, write_beside
from transformermodel_predictor.artifact.manifest import REPORT_FILE
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.preparation.archives.pipeline import prepare_archive
from transformermodel_predictor.preparation.bench import Bench
from transformermodel_predictor.preparation.contest.contest import elect, measure_all, try_all
from transformermodel_predictor.preparation.contest.examination import Examiner
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.failure import kept_for_another_attempt, resources_classified
from transformermodel_predictor.preparation.inputs import Acquired, Inputs, acquire, acquire_tokenizer, resolve
from transformermodel_predictor.preparation.material import Material, material_of
from transformermodel_predictor.preparation.outcome import outcome_of, read_report
from transformermodel_predictor.preparation.provenance import provenance_of
from transformermodel_predictor.preparation.report import Recorder, report_text
from transformermodel_predictor.preparation.torchserve_script.tokenizer_source import pin_tokenizer
from transformermodel_predictor.preparation.torchserve_script.traced import missing_tokenizer
from transformermodel_predictor.progress import Progress, Step


def prepare(
    request: PreparationRequest, store: Store, progress: Progress, *, base: Path, budget: Budget | None = None
) -> Prepared:
    """Prepare what a request asks for, or find it if that was done before; see `prepare_and_report`."""
    return prepare_and_report(request, store, progress, base=base, budget=budget)[0]


def prepare_and_report(
    request: PreparationRequest, store: Store, progress: Progress, *, base: Path, budget: Budget | None = None
) -> tuple[Prepared, dict[str, Any]]:
    """Prepare what a request asks for, or find it if that was done before; with the content of its report.json.

    Whatever ends it early, nothing half-done is published. After an interruption, or a failure that may pass, a further
    call goes on with what was downloaded and built; after a failure that stays nothing is left.

    Args:
        request: what is wanted.
        store: where the artifact goes.
        progress: who watches.
        base: folder that relative `file://` uris start from.
        budget: how much measuring may cost.

    Raises:
        PreparationFailed: with the class of what went wrong.
    """
    with resources_classified():
        if request.task is TaskName.Custom:
            return prepare_archive(request, store, progress, base)
        progress.step(Step.Resolve, request.source.origin)
        inputs = resolve(request, base)
        artifact = _find(request, inputs, store)
        if artifact is None:
            recorder = Recorder(progress)
            with store.workspace(inputs.key) as workspace:
                artifact = _find(request, inputs, store) or _prepare(
                    request, inputs, store, recorder, workspace, budget or Budget()
                )
        else:
            store.clear(inputs.key)  # of an owner that died after it had published
        report = read_report(artifact)
        return outcome_of(artifact, inputs, store, report), report


def _find(request: PreparationRequest, inputs: Inputs, store: Store) -> Artifact | None:
    """The artifact of these inputs. One that took its tokenizer from a hub is another when that has moved."""
    artifact = store.find(inputs.key_for(request))
    if artifact is None or (tokenizer := artifact.manifest.provenance.tokenizer) is None:
        return artifact
    now = replace(inputs, tokenizer=pin_tokenizer(tokenizer, request.source.origin))
    return store.find(now.key_for(request))


def _prepare(
    request: PreparationRequest, inputs: Inputs, store: Store, recorder: Recorder, workspace: Path, budget: Budget
) -> Artifact:
    with kept_for_another_attempt(workspace / "sources") as sources:
        recorder.step(
            Step.Acquire, " + ".join(source.origin for source in (inputs.checkpoint, inputs.adapter) if source)
        )
        acquired = acquire(inputs, sources, recorder)
        complete = replace(inputs, tokenizer=missing_tokenizer(acquired.checkpoint, request))
        acquired = acquire_tokenizer(complete, acquired, sources, recorder)
        with kept_for_another_attempt(workspace / complete.key_for(request)) as folder:
            staged = _build_best(request, complete, acquired, recorder, folder, budget)
            recorder.step(Step.Publish, staged.manifest.digest)
            for each in dict.fromkeys((complete.key_for(request), inputs.key_for(request))):
                staged = store.publish(each, staged)
            return staged


def _build_best(
    request: PreparationRequest, inputs: Inputs, acquired: Acquired, recorder: Recorder, folder: Path, budget: Budget
) -> Artifact:
    """The artifact of the best candidate, sealed, in a folder to work in."""
    folder.mkdir(exist_ok=True)
    examiner = Examiner(
        request, Bench(folder), inputs.samples, inputs.placement, partial(provenance_of, inputs), recorder
    )

    def material() -> Material:
        recorder.step(Step.Merge, request.source.adapter_origin or "no adapter")
        return material_of(request, acquired, inputs.placement)

    trials = try_all(examiner, material)
    measured = measure_all(examiner, trials, budget)
    verdict, golden = elect(examiner, trials, measured)
    staged = examiner.bench.built(verdict.chosen)
    write_beside(staged.path, REPORT_FILE, report_text(recorder, golden, verdict))
    return staged
