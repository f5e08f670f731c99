"""What handlers measure, as Prometheus reads it."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from transformermodel_predictor.telemetry.handler_series import MOST_SERIES, HandlerSeries
from transformermodel_predictor.torchserve.handler_observer import Measurement, MeasurementKind

COUNTER, GAUGE, HISTOGRAM = MeasurementKind.counter, MeasurementKind.gauge, MeasurementKind.histogram


def shown(series: HandlerSeries) -> list[str]:
    """The samples, without the host's name."""
    registry = CollectorRegistry()
    registry.register(series)
    lines = generate_latest(registry).decode().splitlines()
    return [line.replace(f'Hostname="{series.host}",', "") for line in lines if not line.startswith("#")]


def add(series: HandlerSeries, name: str, kind: MeasurementKind, value: float, **dimensions: str) -> bool:
    return series.add("m", Measurement(name, kind, value, "ms", dimensions))


def test_names_and_dimensions_stay_torchserves() -> None:
    series = HandlerSeries()
    add(series, "HandlerTime", GAUGE, 3.0, ModelName="m", Level="Model")
    add(series, "HandlerTime", GAUGE, 4.5, ModelName="m", Level="Model")
    add(series, "Calls", COUNTER, 1, Level="Model")
    add(series, "Calls", COUNTER, 2, Level="Model")
    assert shown(series) == [
        'HandlerTime{Level="Model",ModelName="m",model="m"} 4.5',
        'Calls{Level="Model",model="m"} 3.0',
    ]


def test_a_histogram_has_buckets_a_count_and_a_sum() -> None:
    series = HandlerSeries()
    for value in (0.2, 3.0, 300.0):
        add(series, "Wait", HISTOGRAM, value)
    lines = shown(series)
    assert 'Wait_bucket{le="0.25",model="m"} 1.0' in lines
    assert 'Wait_bucket{le="5.0",model="m"} 2.0' in lines
    assert 'Wait_bucket{le="+Inf",model="m"} 3.0' in lines
    assert 'Wait_sum{model="m"} 303.2' in lines
    assert 'Wait_count{model="m"} 3.0' in lines


def test_what_prometheus_cannot_write_is_rewritten() -> None:
    series = HandlerSeries()
    add(series, "9 lives!", GAUGE, 1, **{"my-label": "a", "__own": 'quoted "b"\n'})
    (line,) = shown(series)
    assert line == '_9_lives_{_own="quoted \\"b\\"\\n",model="m",my_label="a"} 1.0'


def test_names_of_the_server_and_other_kinds_are_left_out() -> None:
    series = HandlerSeries()
    assert not add(series, "transformermodel_requests", COUNTER, 1)
    assert not add(series, "process_cpu", GAUGE, 1)
    assert add(series, "mine", GAUGE, 1)
    assert not add(series, "mine", COUNTER, 1)
    assert shown(series) == ['mine{model="m"} 1.0']


def test_a_model_has_so_many_series_and_no_more() -> None:
    series = HandlerSeries()
    taken = [add(series, "mine", GAUGE, 1, user=str(number)) for number in range(MOST_SERIES + 1)]
    assert taken == [True] * MOST_SERIES + [False]
    assert add(series, "mine", GAUGE, 2, user="0"), "those that are there go on"
    assert len(shown(series)) == MOST_SERIES
    assert series.add("other", Measurement("mine", GAUGE, 1.0)), "other models have their own room"


def test_a_model_that_is_gone_is_shown_no_more() -> None:
    series = HandlerSeries()
    add(series, "mine", GAUGE, 1)
    series.add("stays", Measurement("mine", GAUGE, 1.0))
    series.keep(["stays"])
    assert shown(series) == ['mine{model="stays"} 1.0']
