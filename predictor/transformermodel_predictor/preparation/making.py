"""Makes a new artifact: acquire → merge → build → compare → measure → test → publish."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from transformermodel_api.contract import PreparationRequest
from transformermodel_predictor.artifact.directory import Artifact, write_beside
from transformermodel_predictor.artifact.manifest import RECORDINGS_FILE, REPORT_FILE
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.engines.engine import Recorded
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.preparation.bench import Bench
from transformermodel_predictor.preparation.contest.asking import AnyModel
from transformermodel_predictor.preparation.contest.contest import elect, measure_all, try_all
from transformermodel_predictor.preparation.contest.examination import Examiner
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.failure import kept_for_another_attempt
from transformermodel_predictor.preparation.inputs import Acquired, Inputs, acquire, acquire_tokenizer
from transformermodel_predictor.preparation.material import Material, material_of
from transformermodel_predictor.preparation.provenance import provenance_of
from transformermodel_predictor.preparation.recorder import Recorder
from transformermodel_predictor.preparation.report import report_text
from transformermodel_predictor.preparation.torchserve_script.traced import missing_tokenizer
from transformermodel_predictor.progress import Step


def make(
    request: PreparationRequest, inputs: Inputs, store: Store, recorder: Recorder, workspace: Path, budget: Budget
) -> Artifact:
    """Make a request's artifact, and publish it.

    Args:
        request: the preparation's.
        inputs: the pinned sources.
        store: receives the artifact.
        recorder: receives progress.
        workspace: this preparation's folder, with what an interrupted one left.
        budget: limits on the cost of measuring.

    Raises:
        PreparationFailed: with the class of what went wrong.
    """
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
    """The sealed artifact of the best candidate, in the workspace."""
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
    recordings = _recordings(trials.models.get(verdict.chosen))
    if recordings is not None:
        write_beside(staged.path, RECORDINGS_FILE, recordings)
    write_beside(staged.path, REPORT_FILE, report_text(recorder, golden, verdict))
    return staged


def _recordings(model: AnyModel) -> str | None:
    """What a model that has answered questions recorded meanwhile, so that no replica has to."""
    engine = model.engine if isinstance(model, LoadedModel) else None
    return engine.recordings_text() if isinstance(engine, Recorded) else None
