"""The candidates of a preparation that are in memory."""

import shutil
import time
from dataclasses import dataclass

import torch

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.bench import Bench
from transformermodel_predictor.preparation.contest.asking import AnyModel
from transformermodel_predictor.preparation.memory import resident_bytes


@dataclass(frozen=True)
class Load:
    """The cost of loading a model.

    Attributes:
        seconds: to load it from its folder, without a forward pass.
        resident_bytes: growth of the process, mapped files included; without an accelerator's memory.
    """

    seconds: float
    resident_bytes: int


class Models:
    """Loads candidates once each, or again for each turn if they do not fit into memory together.

    Args:
        bench: where they were built.
        device: where they run.
        together: whether all may be in memory at once.
    """

    def __init__(self, bench: Bench, device: torch.device, *, together: bool) -> None:
        self.together = together
        self._bench = bench
        self._device = device
        self._loaded: dict[Candidate, AnyModel] = {}

    def load(self, candidate: Candidate) -> tuple[AnyModel, Load]:
        """Load a candidate for the first time, and return the cost. Its files were verified before."""
        artifact = self._bench.built(candidate)
        if not self.together:
            self._loaded.clear()
        before, began = resident_bytes(), time.monotonic()
        model = load_model(artifact, (self._device,))
        load = Load(time.monotonic() - began, max(0, resident_bytes() - before))
        self._loaded[candidate] = model
        return model, load

    def get(self, candidate: Candidate) -> AnyModel:
        """The model of a candidate, loaded if it is not in memory."""
        if candidate not in self._loaded:
            self.load(candidate)
        return self._loaded[candidate]

    def holds(self, candidate: Candidate) -> bool:
        """Whether a candidate is in memory."""
        return candidate in self._loaded

    def release(self, candidate: Candidate) -> None:
        """Free a candidate's memory; it is loaded again if needed."""
        self._loaded.pop(candidate, None)

    def remove(self, candidate: Candidate) -> None:
        """Free a candidate's memory and disk space."""
        self.release(candidate)
        shutil.rmtree(self._bench.place(candidate))
