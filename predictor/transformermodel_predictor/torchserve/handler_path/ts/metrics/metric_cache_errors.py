"""Errors of metrics and of the file that defines them."""

import yaml


class MetricsCacheIOError(OSError):
    """The file with the metrics cannot be read."""


class MetricsCachePyYamlError(yaml.YAMLError):
    """The file with the metrics is not YAML."""


class MetricsCacheTypeError(TypeError):
    """An argument of a metric has the wrong type."""


class MetricsCacheValueError(ValueError):
    """An argument of a metric has an invalid value."""


class MetricsCacheKeyError(KeyError):
    """The metric does not exist, or the file with the metrics lacks a key."""


class GeneralMetricsCacheError(Exception):
    """Any other error of metrics."""
