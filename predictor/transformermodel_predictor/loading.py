"""Loads a verified artifact into memory as a model that answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from transformermodel_api.preparation import DeviceMap
from transformermodel_predictor.artifact.agreement import require_agreement
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.twin import differentiable_folder
from transformermodel_predictor.engines.catalogue import CPU, load_engine
from transformermodel_predictor.engines.end_tokens import grouped_by_end_tokens
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.engines.execution import Execution
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.generation.loading import load_generator
from transformermodel_predictor.pretrained import load_pretrained_tokenizer
from transformermodel_predictor.tasks.catalogue import TaskConfiguration, make_task, task_of_mode
from transformermodel_predictor.tasks.task import EncoderTask, Outputs, Windows
from transformermodel_predictor.tasks.text_generation import TextGeneration


@dataclass(frozen=True)
class LoadedModel:
    """The parts of a model that are needed to answer, in memory.

    Attributes:
        replicas: further engines with the same weights, each on a device of its own.
        device: the device of `engine`.
    """

    artifact: Artifact
    task: EncoderTask[Any, Any]
    tokenizer: PreTrainedTokenizerBase
    engine: Engine
    replicas: tuple[Engine, ...] = ()
    device: torch.device = CPU

    def answer(
        self, questions: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Answer in the calling thread, in one forward pass, with the same steps as for a request to the server.

        Raises:
            InvalidQuestion: a question or a parameter is invalid.
        """
        read = [self.task.question(fields, parameters or {}) for fields in questions]
        windows = self.task.encode(self.tokenizer, read)
        outputs = self.engine.run([encoding for parts in windows for encoding in parts])
        return [self.task.fields(answer) for answer in self.task.decode(read, windows, regroup(outputs, windows))]

    def warm_up(self) -> None:
        """Run the first forward pass, which is slower than those after it."""
        ((window, *_),) = self.task.encode(self.tokenizer, self.task.probes[:1])
        for engine in (self.engine, *self.replicas):
            engine.run([window])


def regroup(outputs: Sequence[Outputs], windows: Sequence[Windows]) -> list[Sequence[Outputs]]:
    """Group the outputs of all windows, in one list, by question again."""
    rest = iter(outputs)
    return [list(islice(rest, len(parts))) for parts in windows]


def load_model(artifact: Artifact, devices: Sequence[torch.device] = (CPU,)) -> LoadedModel | LoadedGenerator:
    """Load the model in an artifact, with a replica on each device after the first.

    Raises:
        UserError: the artifact was made of an archive, which only its handler can load; or its configuration names an
            unknown task, or contradicts the rest of the artifact.
        PreparationFailed: the weights do not fit the task.
    """
    candidate, configuration = artifact.manifest.candidate, artifact.configuration
    task = make_task(
        task_of_mode(configuration.mode),
        TaskConfiguration.of(configuration, artifact.labels),
    )
    require_agreement(configuration, candidate, artifact.labels)
    execution = Execution.of(configuration)
    if execution.device_map is not DeviceMap.Single:  # one engine over all of them
        devices = devices[:1]
    if isinstance(task, TextGeneration):
        return load_generator(artifact, task, devices)
    folder = differentiable_folder(artifact.path)
    engine, *replicas = (
        grouped_by_end_tokens(load_engine(artifact.path, candidate, task, device, execution), folder, task.name)
        for device in devices
    )
    tokenizer = load_pretrained_tokenizer(artifact.path, trust_remote_code=configuration.trust_remote_code)
    return LoadedModel(artifact, task, tokenizer, engine, tuple(replicas), devices[0])
