"""What may be wrong with a metric or with the file that names metrics."""

import yaml


class MetricsCacheIOError(OSError):
    """The file with the metrics cannot be read."""


class MetricsCachePyYamlError(yaml.YAMLError):
    """The file with the metrics is not YAML."""


class MetricsCacheTypeError(TypeError):
    """A metric was given something of another type than it takes."""


class MetricsCacheValueError(ValueError):
    """A metric was given a value that it cannot have."""


class MetricsCacheKeyError(KeyError):
    """There is no such metric, or the file with the metrics lacks a key."""


class GeneralMetricsCacheError(Exception):
    """Anything else that is wrong with the metrics."""
