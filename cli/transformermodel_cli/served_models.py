"""Resolves the subjects of `serve` and `explain`: where each model is, and how to run it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from transformermodel_api.predictor import HandlerWorkers
from transformermodel_api.spec import TaskName
from transformermodel_cli.explanation_flags import changed_explanations
from transformermodel_cli.handler_flags import handler_keys
from transformermodel_cli.subjects import ArchiveSubject, ManifestSubject, StoredSubject, StoreSubject, Subject

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation
    from transformermodel_predictor.server.models.options import ModelOptions
    from transformermodel_predictor.torchserve.reading.store import StoredModel


def model_options(subject: Subject, explanations: Sequence[str] | None) -> "ModelOptions":
    """How to run a model, from its manifest and --explanations; a prepared model has no manifest."""
    from transformermodel_predictor.server.models.options import ModelOptions

    options = ModelOptions.of(subject.model.spec.predictor) if isinstance(subject, ManifestSubject) else ModelOptions()
    return replace(options, explanations=changed_explanations(options.explanations, explanations or ()))


def handler_options(
    options: "ModelOptions", subject: Subject, flags: HandlerWorkers, *, install_requirements: bool
) -> "ModelOptions":
    """Add how to run an archive's workers: flags override the manifest, which overrides the archive."""
    from transformermodel_predictor.torchserve.handler_options import HandlerOptions
    from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

    said = subject.model.spec.predictor.workers if isinstance(subject, ManifestSubject) else None
    workers = (said or HandlerWorkers()).model_copy(update=flags.model_dump(exclude_none=True))
    return replace(
        options,
        handler=HandlerOptions(
            defaults=WorkerSettings(use_requirements=install_requirements),
            overrides=handler_keys(workers, options.batching, options.device),
        ),
    )


def has_handler(subject: Subject) -> bool:
    """Whether a subject is served by an archive's own handler, as far as is known before it is fetched."""
    if isinstance(subject, ManifestSubject):
        return subject.model.spec.task is TaskName.Custom
    return isinstance(subject, ArchiveSubject | StoreSubject)


def names_of(subject: Subject) -> list[str]:
    """The names of a subject's models."""
    if isinstance(subject, StoreSubject):
        return list(dict.fromkeys(model.name for model in subject.store.models))
    return [subject.name]


def place_of(subject: Subject, store: "StoreLocation", digests: Mapping[str, str]) -> Path:
    """The path of a model's archive or prepared directory; fetches the latter if needed."""
    if isinstance(subject, ManifestSubject):
        return store.open().open(digests[subject.name]).path
    if isinstance(subject, StoredSubject):
        from transformermodel_predictor.artifact.opening import ArtifactLocation

        artifact = ArtifactLocation.parse(subject.uri, store.cache)
        return artifact.store.open().open(artifact.digest).path
    if isinstance(subject, ArchiveSubject):
        return subject.path
    return subject.folder if isinstance(subject, StoreSubject) else subject.directory


def stored_models(subjects: Sequence[Subject], *, install_requirements: bool) -> "list[StoredModel]":
    """The archives of the stores among the subjects."""
    stored = [model for subject in subjects if isinstance(subject, StoreSubject) for model in subject.store.models]
    if not install_requirements:
        return stored
    return [replace(model, settings=replace(model.settings, use_requirements=True)) for model in stored]
