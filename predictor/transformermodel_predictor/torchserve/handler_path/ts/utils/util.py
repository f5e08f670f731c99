"""The module from which handlers import these utilities."""

import os
import re
from pathlib import Path
from typing import Any

import yaml

from ts.utils.classes import import_class, list_classes_from_module
from ts.utils.deprecation import deprecated
from ts.utils.labels import load_label_mapping, map_class_to_label
from ts.utils.prediction_exception import PredictionException
from ts.utils.pt2 import PT2Backend, check_valid_pt2_backend, load_compiler_config

__all__ = [
    "CLEANUP_REGEX",
    "PT2Backend",
    "PredictionException",
    "check_valid_pt2_backend",
    "deprecated",
    "get_yaml_config",
    "import_class",
    "list_classes_from_module",
    "load_compiler_config",
    "load_label_mapping",
    "map_class_to_label",
]

CLEANUP_REGEX = re.compile(r"<.*?>|&(?:[a-z0-9]+|#[0-9]{1,6}|#x[0-9a-f]{1,6});")
"""HTML tags and entities, which text handlers remove."""


def get_yaml_config(yaml_file_path: str | os.PathLike[str]) -> Any:
    """Load a YAML file."""
    return yaml.safe_load(Path(yaml_file_path).read_text(encoding="utf-8"))
