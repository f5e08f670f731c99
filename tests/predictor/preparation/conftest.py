"""Tiny checkpoints and adapters, and a place to prepare them in."""

from pathlib import Path
from typing import Any

import pytest

from tests.predictor.tiny import save_tiny_checkpoint
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest, Prepared
from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.opening import StoreLocation
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.pipeline import prepare

LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")

FAITHFUL = {"format": "Pretrained", "engine": "Pretrained", "precision": "Float32"}
"""What leaves Auto no choice, which would depend on the processor and its other work."""

QUICK = Budget(seconds=0.0, least_rounds=2)
"""Measuring that proves that it is done, and nothing about speed."""


def request_for(uri: str = "file://model", adapter: str | None = None, **fields: Any) -> PreparationRequest:
    """A request for the checkpoint in the folder `model`; further fields as in a manifest's spec.

    Unless a format is named, the model is prepared as it is.
    """
    source = {"uri": uri, **({"adapterUri": adapter} if adapter else {})}
    preparation = fields.pop("preparation", {})
    if "format" not in preparation:
        preparation = {**FAITHFUL, **preparation}
    document = {"task": "SequenceClassification", "source": source, "preparation": preparation, **fields}
    return PreparationRequest.model_validate(document)


class Kitchen:
    """A folder with sources and a store."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.model = base / "model"
        self.adapter = base / "adapter"
        self.store = base / "store"
        self.location = StoreLocation(str(self.store), base / "cache")

    def prepare(self, request: PreparationRequest, watcher: Watcher | None = None) -> Prepared:
        return prepare(request, LocalStore(self.store), watcher or Watcher(), base=self.base, budget=QUICK)

    def prepared(self, request: PreparationRequest) -> Artifact:
        return open_artifact(self.store / self.prepare(request).path)

    def failure(self, request: PreparationRequest) -> PreparationFailed:
        """Prepare what cannot be prepared; nothing of it may be left."""
        with pytest.raises(PreparationFailed) as caught:
            self.prepare(request)
        assert "\n" not in str(caught.value)
        assert self.content() == set()
        return caught.value

    def leave_behind(self, key: str) -> Path:
        """A workspace as an owner leaves it that is killed: with a file in it, and its lock."""
        workspace = self.store / "staging" / key
        workspace.mkdir(parents=True)
        (workspace / "sources").write_text("of a download")
        workspace.with_name(f"{key}.lock").touch()
        return workspace

    def content(self) -> set[str]:
        """What is in the store, artifacts by their folders."""
        files = (path.relative_to(self.store) for path in self.store.rglob("*") if path.is_file())
        return {"/".join(path.parts[:2]) for path in files}


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    """A folder with a tiny classifier in `model`."""
    save_tiny_checkpoint(tmp_path / "model")
    return Kitchen(tmp_path)
