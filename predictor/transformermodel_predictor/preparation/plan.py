"""The plan of a preparation: which files it would fetch, at which commit, and which candidates it would try."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.spec import TaskName
from transformermodel_predictor.preparation.archives.inputs import resolve_archive
from transformermodel_predictor.preparation.contest.candidates import Choice, Model, candidates_for
from transformermodel_predictor.preparation.foresight import require_adapter_source, require_checkpoint
from transformermodel_predictor.preparation.forms.catalogue import all_candidates, refusal
from transformermodel_predictor.preparation.forms.form import Place
from transformermodel_predictor.preparation.inputs import resolve
from transformermodel_predictor.preparation.memory import device_free_bytes
from transformermodel_predictor.preparation.node import this_node
from transformermodel_predictor.preparation.placement import Placement
from transformermodel_predictor.preparation.torchserve_script.traced import choose_traced
from transformermodel_predictor.sources.pinned import Pinned
from transformermodel_predictor.sources.source import Listing

_PICKLED = (".bin", ".pt", ".pth")
_WEIGHTS = (".safetensors", ".gguf", *_PICKLED)


@dataclass(frozen=True)
class PlannedSource:
    """A pinned source with its uri, without secrets, and the files to fetch."""

    origin: str
    commit: str
    listing: Listing


@dataclass(frozen=True)
class Plan:
    """What a preparation would do.

    Attributes:
        sources: what would be fetched: the checkpoint, then the adapter.
        choice: which candidates would be tried, and which not; none of either for an archive, which has a handler.
    """

    sources: tuple[PlannedSource, ...]
    choice: Choice

    @property
    def bytes_to_fetch(self) -> int:
        """Bytes to fetch from all sources."""
        return sum(source.listing.bytes for source in self.sources)

    @property
    def is_of_archive(self) -> bool:
        """Whether an archive is prepared, whose handler leaves nothing to choose."""
        return not self.choice.candidates

    @property
    def bytes_to_store(self) -> int:
        """Bytes of one candidate's weights, the least that is needed: others are skipped if space is short."""
        listing = self.sources[0].listing
        return listing.bytes if self.is_of_archive else _weights(listing)

    @property
    def most_bytes_to_store(self) -> int:
        """Bytes of all candidates' weights while they are tried."""
        return self.bytes_to_store * max(1, len(self.choice.candidates))


def plan(request: PreparationRequest, base: Path) -> Plan:
    """Plan a preparation without fetching any weights.

    Raises:
        PreparationFailed: as the preparation would, as far as that is known beforehand.
    """
    if request.task is TaskName.Custom:
        return _archive_plan(request, base)
    inputs = resolve(request, base)
    with tempfile.TemporaryDirectory() as folder:
        pinned = [source for source in (inputs.checkpoint, inputs.adapter) if source is not None]
        sources = tuple(_planned(source, Path(folder) / str(number)) for number, source in enumerate(pinned))
        _require_sound(request, sources, Path(folder))
    return Plan(sources, _choice(request, inputs.placement, sources[0].listing))


def _archive_plan(request: PreparationRequest, base: Path) -> Plan:
    archive = resolve_archive(request, base)
    with tempfile.TemporaryDirectory() as folder:
        listing = archive.source.survey(archive.resolved, Path(folder) / "archive")
    return Plan((PlannedSource(archive.origin, archive.resolved.commit, listing),), Choice((), ()))


def choose(request: PreparationRequest, placement: Placement, architecture: str, weights: int) -> Choice:
    """The candidates of a request on this machine.

    Args:
        request: what is wanted.
        placement: where the model will run.
        architecture: `model_type` of the configuration.
        weights: bytes of the model.

    Raises:
        PreparationFailed: UnsupportedForm, there are none.
    """
    place = Place(placement.target, request.preparation.batch_size)
    device = placement.device
    return candidates_for(
        request.preparation,
        all_candidates(),
        lambda candidate: refusal(candidate, request.task, architecture, place) or placement.refusal(candidate),
        this_node().running_on(device.type, device_free_bytes(device)),
        Model(weights, generates=request.task is TaskName.TextGeneration),
    )


def _choice(request: PreparationRequest, placement: Placement, listing: Listing) -> Choice:
    """The candidates; a PyTorch file without a configuration must be a graph: weights alone cannot be prepared."""
    if listing.configuration is None and any(name.endswith(_PICKLED) for name in listing.sizes):
        return choose_traced(request.preparation, placement)
    return choose(request, placement, _model_type(listing.configuration), _weights(listing))


def _weights(listing: Listing) -> int:
    return sum(size for name, size in listing.sizes.items() if name.endswith(_WEIGHTS))


def _require_sound(request: PreparationRequest, sources: tuple[PlannedSource, ...], folder: Path) -> None:
    checkpoint, *adapters = sources
    require_checkpoint(request, checkpoint.listing, checkpoint.origin, folder / "checkpoint")
    for adapter in adapters:
        require_adapter_source(adapter.listing, adapter.origin, folder / "adapter")


def _planned(source: Pinned, folder: Path) -> PlannedSource:
    return PlannedSource(source.origin, source.resolved.commit, source.source.survey(source.resolved, folder))


def _model_type(configuration: str | None) -> str:
    """`model_type` in config.json; empty if it cannot be read, which the preparation will refuse."""
    try:
        document: Any = json.loads(configuration or "{}")
    except ValueError:
        return ""
    return str(document.get("model_type", "")) if isinstance(document, dict) else ""
