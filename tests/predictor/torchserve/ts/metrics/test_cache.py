import logging
from pathlib import Path

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.metrics.dimension import Dimension
    from ts.metrics.measurement import Measurement, MeasurementKind
    from ts.metrics.metric_cache_errors import (
        MetricsCacheIOError,
        MetricsCacheKeyError,
        MetricsCachePyYamlError,
        MetricsCacheTypeError,
        MetricsCacheValueError,
    )
    from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
    from ts.metrics.metric_type_enum import MetricTypes
    from ts.metrics.metrics_file import DEFAULT_FILE, metrics_file

OF_MODEL = {"ModelName": "m", "Level": "Model"}
CONFIGURATION = """
dimensions:
  - &model ModelName
  - &level Level
model_metrics:
  gauge:
    - {name: HandlerTime, unit: ms, dimensions: [*model, *level]}
  counter:
    - {name: Seen, unit: count, dimensions: [*model]}
  histogram:
"""


@pytest.fixture
def cache() -> MetricsCacheYamlImpl:
    return MetricsCacheYamlImpl(model_name="m")


def test_every_measurement_belongs_to_the_model(cache: MetricsCacheYamlImpl) -> None:
    cache.add_time("Own", 3.5, None, "s", [Dimension("step", "read")])
    cache.add_size("Size", 2, 0, "kB")
    cache.add_percent("Share", 50)
    cache.add_counter("Seen", 2, 0)
    cache.add_metric("Other", 1.5, "parrots", metric_type=MetricTypes.HISTOGRAM)
    assert cache.drain() == [
        Measurement("Own", MeasurementKind.gauge, 3.5, "Seconds", {"step": "read", **OF_MODEL}),
        Measurement("Size", MeasurementKind.gauge, 2, "Kilobytes", OF_MODEL),
        Measurement("Share", MeasurementKind.gauge, 50, "Percent", OF_MODEL),
        Measurement("Seen", MeasurementKind.counter, 2, "Count", OF_MODEL),
        Measurement("Other", MeasurementKind.histogram, 1.5, "parrots", OF_MODEL),
    ]


def test_errors_are_counted_at_a_level_of_their_own(cache: MetricsCacheYamlImpl) -> None:
    cache.add_error("Bad", 1)
    assert cache.drain() == [Measurement("Bad", MeasurementKind.counter, 1, "unit", {"Level": "Error"})]


def test_what_was_handed_out_is_not_handed_out_again(cache: MetricsCacheYamlImpl) -> None:
    cache.add_counter("Seen", 1)
    assert len(cache.drain()) == 1
    assert cache.drain() == []


def test_dimensions_of_one_measurement_do_not_stay_for_the_next(cache: MetricsCacheYamlImpl) -> None:
    cache.add_counter("Seen", 1, dimensions=[Dimension("step", "read")])
    cache.add_counter("Seen", 1)
    assert [measured.dimensions for measured in cache.drain()] == [{"step": "read", **OF_MODEL}, OF_MODEL]


def test_metrics_are_added_found_and_measured_by_the_values_of_their_dimensions(cache: MetricsCacheYamlImpl) -> None:
    added = cache.add_metric_to_cache("Words", "count", ["language", "source"], MetricTypes.HISTOGRAM)
    found = cache.get_metric("Words", MetricTypes.HISTOGRAM)
    assert found is added
    found.add_or_update(3, ["en", "web"], "request")
    found.update(4, "request", [Dimension("language", "de")])
    assert cache.drain() == [
        Measurement("Words", MeasurementKind.histogram, 3, "Count", {"language": "en", "source": "web"}),
        Measurement("Words", MeasurementKind.histogram, 4, "Count", {"language": "de"}),
    ]
    assert cache.cache_keys == ["Words"]


def test_a_metric_is_known_by_its_name_and_type(cache: MetricsCacheYamlImpl) -> None:
    cache.add_metric_to_cache("Words", "count", [], MetricTypes.GAUGE)
    with pytest.raises(MetricsCacheKeyError, match="Words of type counter"):
        cache.get_metric("Words")


@pytest.mark.parametrize(("value", "dimensions"), [(3, ["en"]), (-1, ["en", "web"])])
def test_what_cannot_be_measured_is_logged_and_harms_nobody(
    cache: MetricsCacheYamlImpl, caplog: pytest.LogCaptureFixture, value: float, dimensions: list[str]
) -> None:
    with caplog.at_level(logging.ERROR):
        cache.add_metric_to_cache("Words", "count", ["language", "source"]).add_or_update(value, dimensions)
    assert "the metric Words was not measured" in caplog.text
    assert cache.drain() == []


def test_wrong_units_and_types_are_refused(cache: MetricsCacheYamlImpl) -> None:
    with pytest.raises(MetricsCacheValueError, match="'h' of the metric Own must be one of ms, s"):
        cache.add_time("Own", 1, unit="h")
    with pytest.raises(MetricsCacheValueError, match="must be one of B, kB, MB, GB"):
        cache.add_size("Own", 1, unit="TB")
    with pytest.raises(MetricsCacheTypeError, match="metric_type must be MetricTypes, not 'gauge'"):
        cache.add_metric("Own", 1, "ms", metric_type="gauge")
    with pytest.raises(MetricsCacheTypeError, match="value must be"):
        cache.add_counter("Own", "1")
    with pytest.raises(MetricsCacheTypeError, match="metric_name must be str"):
        cache.add_metric_to_cache(3, "ms")


def test_metrics_are_named_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "metrics.yaml").write_text(CONFIGURATION)
    cache = MetricsCacheYamlImpl(tmp_path / "metrics.yaml", "m")
    cache.initialize_cache()
    assert cache.cache_keys == ["HandlerTime", "Seen"]
    cache.get_metric("HandlerTime", MetricTypes.GAUGE).add_or_update(1.5, ["m", "Model"])
    assert cache.drain() == [Measurement("HandlerTime", MeasurementKind.gauge, 1.5, "Milliseconds", OF_MODEL)]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("a: b", MetricsCacheKeyError, "no section model_metrics"),
        ("a: [", MetricsCachePyYamlError, "is not YAML"),
        ("model_metrics: {sum: [{name: a, unit: b}]}", MetricsCacheKeyError, "model_metrics.sum is no type of metric"),
        ("model_metrics: {gauge: [{name: a}]}", MetricsCacheKeyError, "has no unit"),
        ("model_metrics: {gauge: [a]}", MetricsCacheKeyError, "the metric a has no name and no unit"),
        (None, MetricsCacheIOError, "No such file"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(
    tmp_path: Path, text: str | None, error: type[Exception], message: str
) -> None:
    file = tmp_path / "metrics.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(error, match=message):
        MetricsCacheYamlImpl(file)


def test_the_servers_file_goes_before_the_archives_and_that_before_ours(tmp_path: Path) -> None:
    assert metrics_file(tmp_path, {}) == DEFAULT_FILE
    (tmp_path / "metrics.yaml").write_text("of: something else")
    assert metrics_file(tmp_path, {}) == DEFAULT_FILE
    (tmp_path / "metrics.yaml").write_text(CONFIGURATION)
    assert metrics_file(tmp_path, {}) == tmp_path / "metrics.yaml"
    assert metrics_file(tmp_path, {"TS_METRICS_CONFIG": "/store/own.yaml"}) == Path("/store/own.yaml")


def test_every_handler_finds_the_times_that_are_always_measured() -> None:
    cache = MetricsCacheYamlImpl(DEFAULT_FILE)
    cache.initialize_cache()
    assert cache.cache_keys == ["HandlerTime", "PredictionTime"]
    assert cache.get_metric("HandlerTime", MetricTypes.GAUGE).dimension_names == ["ModelName", "Level"]
