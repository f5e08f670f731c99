"""The provenance of an artifact, for its manifest."""

from importlib.metadata import PackageNotFoundError, version

from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.inputs import PIPELINE_VERSION, Inputs

_LIBRARIES = ("peft", "safetensors", "tokenizers", "torch", "transformers", "transformermodel")


def provenance_of(inputs: Inputs, candidate: Candidate) -> Provenance:
    """The provenance of an artifact prepared from these inputs with the installed libraries."""
    resolved = inputs.checkpoint.resolved
    return Provenance(
        candidate=candidate,
        source=resolved.identity,
        commit=resolved.commit,
        adapter=inputs.adapter.resolved.identity if inputs.adapter else None,
        libraries=library_versions(),
        pipeline=PIPELINE_VERSION,
        tokenizer=inputs.tokenizer.resolved.identity if inputs.tokenizer else None,
    )


def library_versions() -> dict[str, str]:
    """Versions of the installed libraries that take part in preparations."""
    return {name: found for name in _LIBRARIES if (found := _version(name))}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
