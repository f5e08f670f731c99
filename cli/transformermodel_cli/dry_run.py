"""`transformermodel prepare --dry-run`: what would be fetched and tried, without doing it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from transformermodel_api.contract import PreparationRequest
from transformermodel_cli.subjects import ManifestSubject

if TYPE_CHECKING:
    from transformermodel_predictor.preparation.plan import Plan


def plan_of(subject: ManifestSubject) -> "Plan":
    """Look up what a manifest names; no weights are fetched."""
    from transformermodel_predictor.preparation.plan import plan  # imports PyTorch: seconds

    return plan(PreparationRequest.of(subject.model.spec), subject.base)


def plan_document(name: str, plan: "Plan") -> dict[str, Any]:
    """The plan for scripts; sizes in bytes."""
    return {
        "name": name,
        "sources": [
            {"uri": source.origin, "commit": source.commit, "files": dict(source.listing.sizes)}
            for source in plan.sources
        ],
        "bytesToFetch": plan.bytes_to_fetch,
        "candidates": [str(candidate) for candidate in plan.choice.candidates],
        "notTried": {str(entry.candidate): entry.reason for entry in plan.choice.untried},
    }


def plan_lines(name: str, plan: "Plan") -> Iterator[str]:
    """The plan for people."""
    yield f"{name}: {plan.bytes_to_fetch / 1e6:.1f} MB would be fetched"
    for source in plan.sources:
        yield f"  {source.origin} at {source.commit}"
        for file, size in sorted(source.listing.sizes.items()):
            yield f"    {file:<32} {size / 1e6:>10.1f} MB"
    if plan.is_of_archive:
        yield "  candidates: none, its own handler loads and runs it"
        return
    yield f"  candidates: {', '.join(str(candidate) for candidate in plan.choice.candidates)}"
    reasons: dict[str, list[str]] = {}
    for entry in plan.choice.untried:
        reasons.setdefault(entry.reason, []).append(str(entry.candidate))
    for reason, names in reasons.items():
        yield f"  not tried: {', '.join(names)}: {reason}"
