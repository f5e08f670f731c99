"""The inputs of a preparation: the pinned checkpoint and adapter, and the key that its artifact is stored under."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.identity import fingerprint
from transformermodel_api.source import RemoteCode
from transformermodel_api.source import Source as RequestedSource
from transformermodel_predictor.preparation.contest.samples import Samples, fetch_samples
from transformermodel_predictor.preparation.pinning import pin_sources
from transformermodel_predictor.preparation.placement import Placement, placement_for
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.pinned import Pinned

PIPELINE_VERSION = 1
"""Incremented whenever the same inputs would give another artifact."""


@dataclass(frozen=True)
class Inputs:
    """The pinned sources of a preparation.

    Attributes:
        tokenizer: the repository from which the tokenizer comes, where the checkpoint turns out to need it.
        samples: the user's questions, on which candidates are compared.
        trusted: whether code that comes with the sources may run.
        placement: where the model will run, and where it is prepared.
    """

    checkpoint: Pinned
    adapter: Pinned | None
    tokenizer: Pinned | None = None
    samples: Samples = field(default_factory=Samples)
    trusted: bool = False
    placement: Placement = field(default_factory=Placement)

    @property
    def key(self) -> str:
        """Identity of the sources alone, 64 hexadecimal digits."""
        return fingerprint(self._identities())

    def key_for(self, request: PreparationRequest) -> str:
        """The input key: identity of everything that decides the artifact and whether it may be served, 64 hex digits.

        It includes the tests, so an artifact found by its key has passed them, but not the sources' locations. The
        device is the resolved one: it makes no difference whether the manifest names it or Auto finds it.
        """
        wanted = {name: value for name, value in request.document().items() if name not in ("source", "device")}
        placed = self.placement.identity(request.preparation.format)
        samples = {"samples": self.samples.checksum} if self.samples.checksum else {}
        decisive = {**self._identities(), **samples, **({"placement": placed} if placed else {})}
        return fingerprint({"pipeline": PIPELINE_VERSION, **decisive, "request": wanted})

    def _identities(self) -> dict[str, Any]:
        return {
            "source": self.checkpoint.resolved.identity,
            "adapter": self.adapter.resolved.identity if self.adapter else None,
            **({"tokenizer": self.tokenizer.resolved.identity} if self.tokenizer else {}),
            **({"trusted": True} if self.trusted else {}),
        }


@dataclass(frozen=True)
class Acquired:
    """The pinned sources as folders on this machine."""

    checkpoint: Path
    adapter: Path | None
    tokenizer: Path | None = None


def resolve(request: PreparationRequest, base: Path) -> Inputs:
    """Pin the sources that a request names."""
    source = request.source
    trusted, parity = source.trust_remote_code is RemoteCode.Allowed, request.preparation.parity
    checkpoint, adapter = pin_sources(source, base)
    return Inputs(
        checkpoint=checkpoint,
        adapter=adapter,
        samples=_samples(parity.samples_uri, source, base) if parity and parity.samples_uri else Samples(),
        trusted=trusted,
        placement=placement_for(request.device),
    )


def acquire(inputs: Inputs, folder: Path, progress: Progress) -> Acquired:
    """Fetch the pinned sources to this machine; downloads go into the folder."""
    checkpoint, adapter = inputs.checkpoint, inputs.adapter
    return Acquired(
        checkpoint=checkpoint.source.acquire(checkpoint.resolved, folder / "checkpoint", progress),
        adapter=adapter.source.acquire(adapter.resolved, folder / "adapter", progress) if adapter else None,
    )


def acquire_tokenizer(inputs: Inputs, acquired: Acquired, folder: Path, progress: Progress) -> Acquired:
    """Fetch the tokenizer, too, if it is not the checkpoint's. Each of its revisions has a separate folder."""
    if (tokenizer := inputs.tokenizer) is None:
        return acquired
    place = folder / f"tokenizer-{tokenizer.resolved.commit}"
    return replace(acquired, tokenizer=tokenizer.source.acquire(tokenizer.resolved, place, progress))


def _samples(uri: str, source: RequestedSource, base: Path) -> Samples:
    """The samples; those in the checkpoint's own repository are read at its revision."""
    return fetch_samples(uri, base, source.revision if uri == source.uri else None)
