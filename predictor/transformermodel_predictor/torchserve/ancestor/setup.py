"""What an archive says of its model: the section `handler` of model-config.yaml, or the older setup_config.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from transformermodel_api.errors import UserError
from transformermodel_predictor.artifact.configuration import (
    CONFIGURATION_FILE,
    ModelConfiguration,
    read_configuration,
)
from transformermodel_predictor.artifact.sections import Section

SETUP_FILE = "setup_config.json"
_SECTION = "handler"


@dataclass(frozen=True)
class Setup:
    """The settings of an archive.

    Attributes:
        configuration: with defaults where the archive says nothing.
        values: the section as handlers look into it, with all keys that the ancestor reads.
        lower_case: `do_lower_case` where the archive says it; a tokenizer knows it by itself.
        steps: `n_steps`, the interpolation steps of explanations, where the archive says it.
    """

    configuration: ModelConfiguration
    values: Mapping[str, Any]
    lower_case: bool | None = None
    steps: int | None = None


def read_setup(document: Mapping[str, Any], folder: Path) -> Setup:
    """Read the settings: those that the server was given, else those in a file that the archive has.

    Args:
        document: model-config.yaml, as the server has read it; empty where the manifest does not name it.
        folder: the archive's.

    Raises:
        UserError: there are none, or one has the wrong type; the message names its key.
    """
    found = document if _SECTION in document else _from_files(folder)
    try:
        configuration = read_configuration(yaml.safe_dump(dict(found)))
        section = Section.of(_SECTION, found[_SECTION])
        said = yaml.safe_load(configuration.text())[_SECTION]
        return Setup(
            configuration=configuration,
            values={**said, **section.values},
            lower_case=section.flag("do_lower_case") if "do_lower_case" in section else None,
            steps=section.whole("n_steps") or None,
        )
    except ValueError as error:
        raise UserError(f"the archive's settings cannot be used: {error}") from error


def _from_files(folder: Path) -> Mapping[str, Any]:
    for name in (CONFIGURATION_FILE, SETUP_FILE):
        if (found := _read(folder / name)) is not None:
            return {_SECTION: found} if name == SETUP_FILE else found
    raise UserError(
        f"the archive does not say what its model does: add {CONFIGURATION_FILE} with a section `{_SECTION}` "
        "(mode, model_name, save_mode and others)"
    )


def _read(file: Path) -> Mapping[str, Any] | None:
    """The object in a file; None where there is none, or one without what is looked for."""
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    try:
        document = json.loads(text) if file.name == SETUP_FILE else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(f"{file.name} of the archive cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(document, Mapping) or (file.name == CONFIGURATION_FILE and _SECTION not in document):
        return None
    return document
