"""The twin of a model that serves, and what it was found to be good for."""

import logging
from dataclasses import dataclass

import torch
from transformers import AutoConfig

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.twin import differentiable_folder
from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.offered import Offered
from transformermodel_predictor.explanations.pauses import Pause
from transformermodel_predictor.explanations.probes import Frame, probes_for
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.explanations.twin import Twin
from transformermodel_predictor.explanations.twins import load_twin
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.tasks.catalogue import AnyTask

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Differentiable:
    """A model's twin, and what it is good for.

    Attributes:
        twin: None where the model has none.
        offered: the methods and baselines that keep what they promise with it.
    """

    twin: Twin | None
    offered: Offered


def find_differentiable(
    artifact: Artifact, task: AnyTask, tools: Tools, frame: Frame, device: torch.device, pause: Pause
) -> Differentiable:
    """Load a twin of the weights in an artifact, whose passes pause between layers. Takes seconds."""
    trusted, folder = artifact.configuration.trust_remote_code, differentiable_folder(artifact.path)
    try:
        twin = load_twin(folder, task, device, trust_remote_code=trusted, pause=pause)
        configuration = AutoConfig.from_pretrained(folder, trust_remote_code=trusted, local_files_only=True)
        probes = probes_for(configuration, frame, generates=task.name is TaskName.TextGeneration)
    except (PreparationFailed, NotDifferentiable, OSError, ValueError) as error:
        _log.warning("%s has no gradients: %s", artifact.path, one_line(error))
        problem = f"it has no gradients ({one_line(error).rstrip('.')})"
        return Differentiable(None, Offered(tools, problem=problem))
    return Differentiable(twin, Offered(Tools(tools.stand_ins, twin.embed), probes))
