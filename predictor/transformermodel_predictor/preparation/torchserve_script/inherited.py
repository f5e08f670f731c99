"""Settings that TorchServe's preparation script left beside a checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Compile
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE
from transformermodel_predictor.artifact.labels import LABELS_FILE, read_labels
from transformermodel_predictor.preparation.torchserve_script.script import (
    SETUP_FILE,
    DownloaderConfiguration,
    compile_field,
    read_downloader_configuration,
)

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Inherited:
    """Settings that apply where the request has none.

    Attributes:
        configuration: what the folder was made with.
        labels: names of the classes in the order of the logits, if it has them.
    """

    configuration: DownloaderConfiguration
    labels: tuple[str, ...] | None

    def applied_to(self, request: PreparationRequest, *, has_labels: bool) -> PreparationRequest:
        """The request with what it leaves open filled in.

        Args:
            request: what is wanted.
            has_labels: whether the task has classes.
        """
        wanted, found = request.preparation, self.configuration
        filled: dict[str, Any] = {
            "max_length": wanted.max_length or found.max_length,
            "do_lower_case": found.do_lower_case if wanted.do_lower_case is None else wanted.do_lower_case,
            "compile": wanted.compile or _compile(found),
        }
        if has_labels and wanted.labels is None and wanted.num_labels is None:
            filled |= {"labels": self.labels, "num_labels": None if self.labels else found.num_labels or None}
        return request.model_copy(update={"preparation": wanted.model_copy(update=filled)})


def read_inherited(folder: Path, origin: str) -> Inherited:
    """Read the settings beside a checkpoint, if any.

    setup_config.json goes before model-config.yaml, which alone can say how a model is compiled.

    Raises:
        PreparationFailed: UnsupportedSource, a file is damaged.
    """
    files = [_read(folder / name, origin, read_downloader_configuration) for name in (SETUP_FILE, CONFIGURATION_FILE)]
    known = [file for file in files if file is not None] or [DownloaderConfiguration()]
    compiled = next((file.compile for file in known if file.compile is not None), None)
    return Inherited(replace(known[0], compile=compiled), _read(folder / LABELS_FILE, origin, read_labels))


def _compile(configuration: DownloaderConfiguration) -> Compile | None:
    field = compile_field(configuration.compile)
    return None if field is None else Compile.model_validate(field)


def _read(file: Path, origin: str, parse: Callable[[str], _Read]) -> _Read | None:
    if not file.is_file():
        return None
    try:
        return parse(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PreparationFailed(
            FailureReason.UnsupportedSource, f"{file.name} of {origin} cannot be read: {error}."
        ) from error
