"""The model compiled for AWS Neuron: torch_neuron for Inferentia, torch_neuronx for Trainium and Inferentia 2.

Unverified on hardware: tested only against fakes of the two libraries.
"""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import torch

from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.engines.end_tokens import end_token_of
from transformermodel_predictor.engines.neuron import neuron_library, neuron_refusal
from transformermodel_predictor.engines.signature import SIGNATURE_FILE
from transformermodel_predictor.engines.torchscript import TORCHSCRIPT_FILE
from transformermodel_predictor.graphs.batches import example
from transformermodel_predictor.preparation.forms.form import CPU, ENCODER_TASKS, Place
from transformermodel_predictor.preparation.forms.plain import plain_model
from transformermodel_predictor.preparation.forms.writing import compiling, write_signature
from transformermodel_predictor.preparation.merge import Merged


class _NeuronForm:
    """A graph for batches of one size, with every row padded to the longest input. Implements `Form`."""

    format: ClassVar[Format]
    summary: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = (TORCHSCRIPT_FILE, SIGNATURE_FILE)
    candidates: ClassVar[tuple[Candidate, ...]]
    tasks: ClassVar[tuple[TaskName, ...]] = ENCODER_TASKS
    needs: ClassVar[str] = "AWS Neuron's library and hardware, and spec.preparation.batchSize."
    reproducible: ClassVar[bool] = False

    def refusal(self, candidate: Candidate, task: TaskName, architecture: str, place: Place) -> str | None:
        """Why a candidate is unsuitable; see `Form`."""
        if place.batch_size is None:
            return f"the form {self.format.value} takes batches of one size: set spec.preparation.batchSize"
        return neuron_refusal(self.format)

    def build(self, merged: Merged, candidate: Candidate, place: Place, folder: Path) -> None:
        """Trace the model with Neuron's compiler; see `Form`."""
        library = neuron_library(self.format)
        with compiling(candidate):
            model, signature = plain_model(merged, Place(batch_size=place.batch_size))
            signature = replace(signature, fixed_length=True, device=None)
            traced = library.trace(model, example(signature, CPU, end_token_of(merged.model.config)))
            torch.jit.save(traced, str(folder / TORCHSCRIPT_FILE))
        write_signature(signature, folder)


class NeuronForm(_NeuronForm):
    """For Inferentia, compiled by torch_neuron."""

    format: ClassVar[Format] = Format.Neuron
    summary: ClassVar[str] = (
        "A graph for AWS Inferentia, compiled by torch_neuron for batches of one size. Unverified on hardware."
    )
    candidates: ClassVar[tuple[Candidate, ...]] = (Candidate(Format.Neuron, EngineName.Neuron, Precision.Float32),)


class NeuronXForm(_NeuronForm):
    """For Trainium and Inferentia 2, compiled by torch_neuronx."""

    format: ClassVar[Format] = Format.NeuronX
    summary: ClassVar[str] = (
        "A graph for AWS Trainium and Inferentia 2, compiled by torch_neuronx for batches of one size. Unverified on "
        "hardware."
    )
    candidates: ClassVar[tuple[Candidate, ...]] = (Candidate(Format.NeuronX, EngineName.Neuron, Precision.Float32),)
