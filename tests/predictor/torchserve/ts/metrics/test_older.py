import io
import json
import os

import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.metrics.dimension import Dimension
    from ts.metrics.measurement import Measurement, MeasurementKind
    from ts.metrics.metric import Metric
    from ts.metrics.metric_encoder import MetricEncoder
    from ts.metrics.metrics_store import MetricsStore
    from ts.metrics.process_memory_metric import check_process_mem_usage, get_cpu_usage


def test_a_store_measures_what_the_cache_measures() -> None:
    store = MetricsStore({0: "a", 1: "b"}, "m")
    store.add_counter("Seen", 1)
    store.add_counter("Seen", 1)
    store.add_time("Own", 3, 0, "s")
    store.add_size("Size", 4)
    store.add_percent("Share", 5, dimensions=[Dimension("step", "read")])
    store.add_error("Bad", 6)
    of_model = {"ModelName": "m", "Level": "Model"}
    assert store.drain() == [
        Measurement("Seen", MeasurementKind.counter, 1, "Count", of_model),
        Measurement("Seen", MeasurementKind.counter, 1, "Count", of_model),
        Measurement("Own", MeasurementKind.gauge, 3, "Seconds", of_model),
        Measurement("Size", MeasurementKind.gauge, 4, "Megabytes", of_model),
        Measurement("Share", MeasurementKind.gauge, 5, "Percent", {"step": "read", **of_model}),
        Measurement("Bad", MeasurementKind.counter, 6, "unit", {"Level": "Error"}),
    ]
    assert [(metric.name, metric.value, metric.request_id) for metric in store.store[:2]] == [
        ("Seen", 2, "a,b"),
        ("Own", 3, "a"),
    ]
    with pytest.raises(ValueError, match="must be one of ms, s"):
        store.add_time("Own", 3, unit="h")


def test_a_metric_adds_up_or_keeps_the_last_value_and_can_be_written() -> None:
    counter = Metric("Seen", 1, "count", [Dimension("step", "read")], "a", "counter")
    gauge = Metric("Own", 1, "ms", [])
    for metric in (counter, gauge):
        metric.update(5)
    assert (counter.value, gauge.value) == (6, 5)
    assert str(counter).startswith("Seen.Count:6|#step:read|#hostname:")
    assert str(counter).endswith(",a")
    written = json.loads(json.dumps([counter], cls=MetricEncoder))
    assert written[0]["Dimensions"] == [{"Name": "step", "Value": "read"}]
    counter.reset()
    assert counter.value == 0


def test_memory_is_that_of_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert get_cpu_usage(os.getpid()) > 1 << 20
    assert get_cpu_usage(2**22 + 1) == 0
    check_process_mem_usage(io.StringIO(f"{os.getpid()},{2**22 + 1}\n"))
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{os.getpid()}:")
    assert second == f"{2**22 + 1}:0"
