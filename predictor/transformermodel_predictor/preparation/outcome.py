"""The outcome of a preparation, for a Job's termination message and a terminal's summary."""

import json
from typing import Any

from transformermodel_api.contract import Prepared
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.artifact.manifest import REPORT_FILE
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.preparation.inputs import Inputs
from transformermodel_predictor.preparation.pinning import fingerprint_of

_CHOSEN = "Chosen"


def outcome_of(artifact: Artifact, inputs: Inputs, store: Store) -> Prepared:
    """The outcome, with the report's figures of the chosen candidate."""
    candidate = artifact.manifest.candidate
    return Prepared(
        digest=artifact.manifest.digest,
        path=store.location(artifact),
        commit=inputs.checkpoint.resolved.commit,
        size_bytes=artifact.manifest.size,
        format=candidate.format.value,
        engine=candidate.engine.value,
        precision=candidate.precision.value,
        sources=fingerprint_of(inputs.checkpoint, inputs.adapter),
        **_figures(_chosen_in(read_report(artifact))),
    )


def read_report(artifact: Artifact) -> dict[str, Any]:
    """The content of report.json; empty if it is missing or invalid, since it is not part of the artifact's digest."""
    try:
        document = json.loads((artifact.path / REPORT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _chosen_in(report: dict[str, Any]) -> dict[str, Any]:
    """The report's entry of the chosen candidate."""
    return next((entry for entry in report.get("candidates", ()) if entry.get("outcome") == _CHOSEN), {})


def _figures(chosen: dict[str, Any]) -> dict[str, str]:
    """Decimal numbers as text, as the resource's status has them."""
    figures = {}
    if parity := chosen.get("parity"):
        figures["parity"] = f"{parity['difference']:.4f}"
        figures["agreement"] = f"{parity['agreeing']}/{parity['samples']}"
    if "speedup" in chosen:
        figures["speedup"] = f"{chosen['speedup']:.2f}"
    return figures
