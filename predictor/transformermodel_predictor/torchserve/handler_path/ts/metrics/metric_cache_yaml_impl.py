"""Metrics defined in a YAML file (TorchServe's metrics.yaml)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ts.metrics.metric_cache_abstract import MetricCacheAbstract
from ts.metrics.metric_cache_errors import (
    MetricsCacheIOError,
    MetricsCacheKeyError,
    MetricsCachePyYamlError,
)
from ts.metrics.metric_type_enum import MetricTypes
from ts.metrics.metrics_file import SECTION


class MetricsCacheYamlImpl(MetricCacheAbstract):
    """Metrics from a file; handlers may add others.

    Args:
        config_file_path: the file, whose section `model_metrics` has lists of `name`, `unit` and `dimensions` under
            `counter`, `gauge` and `histogram`; None for none.
        model_name: the dimension ModelName of all measurements.

    Raises:
        MetricsCacheIOError: the file cannot be read.
        MetricsCachePyYamlError: it is not YAML.
        MetricsCacheKeyError: it has no such section, or a metric lacks a key.
    """

    def __init__(self, config_file_path: str | Path | None = None, model_name: str | None = None) -> None:
        super().__init__(None if config_file_path is None else str(config_file_path), model_name)
        self._named = [] if self.config_file_path is None else list(_read(Path(self.config_file_path)))

    def initialize_cache(self) -> None:
        """Add the metrics that the file defines."""
        for type_, name, unit, dimensions in self._named:
            self.add_metric_to_cache(name, unit, dimensions, type_)

    @property
    def cache_keys(self) -> list[str]:
        """The names of all metrics."""
        return [name for metrics in self.cache.values() for name in metrics]


def _read(file: Path) -> Iterator[tuple[MetricTypes, str, str, list[str]]]:
    try:
        document = yaml.safe_load(file.read_text())
    except OSError as error:
        raise MetricsCacheIOError(f"{file} cannot be read: {error.strerror or error}") from error
    except yaml.YAMLError as error:
        raise MetricsCachePyYamlError(f"{file} is not YAML: {error}") from error
    if not isinstance(document, Mapping) or not isinstance(section := document.get(SECTION), Mapping):
        raise MetricsCacheKeyError(f"{file} has no section {SECTION}")
    for word, metrics in section.items():
        type_ = _type(word, file)
        for metric in metrics or ():
            yield (type_, *_metric(metric, file))


def _type(word: Any, file: Path) -> MetricTypes:
    try:
        return MetricTypes(word)
    except ValueError:
        known = ", ".join(type_.value for type_ in MetricTypes)
        raise MetricsCacheKeyError(f"{file}: {SECTION}.{word} is no type of metric; there are {known}") from None


def _metric(metric: Any, file: Path) -> tuple[str, str, list[str]]:
    missing = [key for key in ("name", "unit") if not isinstance(metric, Mapping) or key not in metric]
    if missing:
        raise MetricsCacheKeyError(f"{file}: the metric {metric} has no {' and no '.join(missing)}")
    return metric["name"], metric["unit"], list(metric.get("dimensions") or ())
