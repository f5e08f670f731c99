"""The differentiable twin of a served model, and the attribution methods that are available with it."""

import logging
from dataclasses import dataclass

import torch
from transformers import AutoConfig

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.twin import differentiable_folder
from transformermodel_predictor.explanations.available_methods import AvailableMethods
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.pauses import Pause
from transformermodel_predictor.explanations.probes import Frame, probes_for
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import load_twin
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.catalogue import AnyTask

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelTwin:
    """A model's twin and its available methods.

    Attributes:
        twin: None where the model has no gradients.
        methods: the methods and baselines that work with it.
    """

    twin: Twin | None
    methods: AvailableMethods


def load_model_twin(
    artifact: Artifact, task: AnyTask, access: ModelAccess, frame: Frame, device: torch.device, pause: Pause
) -> ModelTwin:
    """Load a twin from the weights in an artifact. Takes seconds.

    Args:
        artifact: of the served model.
        task: the model's.
        access: without `embed`, which the twin adds.
        frame: special tokens around the probes that methods are tried on.
        device: where the twin runs.
        pause: called between the layers of each pass.
    """
    trusted, folder = artifact.configuration.trust_remote_code, differentiable_folder(artifact.path)
    try:
        twin = load_twin(folder, task, device, trust_remote_code=trusted, pause=pause)
        configuration = AutoConfig.from_pretrained(folder, trust_remote_code=trusted, local_files_only=True)
        probes = probes_for(configuration, frame, generates=task.name is TaskName.TextGeneration)
    except (PreparationFailed, NotDifferentiable, OSError, ValueError) as error:
        _log.warning("%s has no gradients: %s", artifact.path, one_line(error))
        problem = f"it has no gradients ({one_line(error).rstrip('.')})"
        return ModelTwin(None, AvailableMethods(access, problem=problem))
    return ModelTwin(twin, AvailableMethods(ModelAccess(access.baseline_tokens, twin.embed), probes))
