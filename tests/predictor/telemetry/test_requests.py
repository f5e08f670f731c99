import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from transformermodel_predictor.explanations.explanation import Explanation, Method
from transformermodel_predictor.protocols.errors import ClientGone, UnknownModel
from transformermodel_predictor.telemetry.metrics import Metrics
from transformermodel_predictor.telemetry.model import ModelMeter
from transformermodel_predictor.telemetry.requests import RequestMeter


def samples(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The values of a sample by the values of its labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == f"transformermodel_{name}"
    }


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_requests_are_counted_and_timed_by_model_protocol_and_status(metrics: Metrics) -> None:
    meter = RequestMeter(metrics)
    for _ in range(2):
        with meter.measure("v2", "tiny"):
            assert samples(metrics, "requests_in_flight") == {("tiny", "v2"): 1}
    with pytest.raises(UnknownModel), meter.measure("grpc", ""):
        raise UnknownModel("tiny")
    with pytest.raises(ZeroDivisionError), meter.measure("v1", "tiny"):
        raise ZeroDivisionError
    with pytest.raises(asyncio.CancelledError), meter.measure("v1", "tiny"):
        raise asyncio.CancelledError
    with pytest.raises(ClientGone), meter.measure("v1", "tiny"):
        raise ClientGone
    counted = {
        ("tiny", "v2", "200"): 2,
        ("", "grpc", "404"): 1,
        ("tiny", "v1", "500"): 1,
        ("tiny", "v1", "499"): 1,
        ("tiny", "v1", "503"): 1,
    }
    labels = {
        (sample.labels["model"], sample.labels["protocol"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name in ("transformermodel_requests_total", "transformermodel_handler_time_seconds_count")
    }
    assert labels == counted
    assert set(samples(metrics, "requests_in_flight").values()) == {0}


def test_requests_for_explanations_are_timed_apart_and_their_steps_counted(metrics: Metrics) -> None:
    meter = RequestMeter(metrics)
    with meter.measure("v2", "tiny") as measurement:
        measurement.explains = True
        meter.explained("tiny", [Explanation(Method.Lime, "POSITIVE", 0.5, (), (), None, 40)])
    assert samples(metrics, "requests_total") == {("tiny", "v2", "200"): 1}
    assert samples(metrics, "explanation_time_seconds_count") == {("tiny", "v2", "200"): 1}
    assert samples(metrics, "handler_time_seconds_count") == {}
    assert samples(metrics, "explanation_steps_sum") == {("lime", "tiny"): 40}


def test_explanations_under_way_are_known_before_they_end(metrics: Metrics) -> None:
    meter = RequestMeter(metrics)
    with meter.explaining("tiny"):
        assert samples(metrics, "explanations_in_flight") == {("tiny",): 1}
    assert samples(metrics, "explanations_in_flight") == {("tiny",): 0}


def test_steps_waits_and_phases_are_counted_by_model(metrics: Metrics) -> None:
    meter = ModelMeter(metrics, "tiny")
    meter.queued(0.002)
    meter.step(rows=3, tokens=30, padded=10)
    for phase in ("tokenize", "forward", "decode", "explain"):
        meter.phase(phase, 0.5)
    assert samples(metrics, "queue_time_seconds_sum") == {("tiny",): 0.002}
    assert samples(metrics, "batch_rows_sum") == {("tiny",): 3}
    assert samples(metrics, "batch_tokens_sum") == {("tiny",): 30}
    assert samples(metrics, "batch_padding_ratio_sum") == {("tiny",): 0.25}
    assert set(samples(metrics, "phase_time_seconds_sum")) == {
        ("tiny", "tokenize"),
        ("tiny", "forward"),
        ("tiny", "decode"),
        ("tiny", "explain"),
    }
