"""The settings come from the environment; what is wrong is named."""

import pytest

from transformermodel_api.errors import UserError
from transformermodel_operator.settings import Settings

REQUIRED = {
    "TRANSFORMERMODEL_OPERATOR_NAMESPACE": "system",
    "TRANSFORMERMODEL_PREDICTOR_IMAGE": "predictor:1",
    "POD_NAME": "one",
}


def test_only_three_variables_are_required() -> None:
    settings = Settings.from_environment(REQUIRED)
    assert settings == Settings(operator_namespace="system", identity="one", predictor_image="predictor:1")
    assert settings.runtime == "transformermodel"
    assert settings.image_pull_policy == "IfNotPresent"
    assert (settings.probe_host, settings.probe_port) == ("127.0.0.1", 8080)
    assert (settings.metrics_host, settings.metrics_port) == ("127.0.0.1", 8081)


@pytest.mark.parametrize("variable", REQUIRED)
@pytest.mark.parametrize("absent", [None, ""])
def test_a_missing_variable_is_named(variable: str, absent: str | None) -> None:
    environment = {name: value for name, value in REQUIRED.items() if name != variable}
    if absent is not None:
        environment[variable] = absent
    with pytest.raises(UserError, match=f"{variable} is not set"):
        Settings.from_environment(environment)


def test_empty_variables_count_as_absent_as_the_chart_writes_them() -> None:
    optional = (
        "WATCH_NAMESPACES",
        "IMAGE_PULL_POLICY",
        "RUNTIME",
        "DEFAULT_STORAGE",
        "HUB_ENDPOINT",
        "CLUSTER",
        "PROBE_PORT",
    )
    empty = {f"TRANSFORMERMODEL_{name}": "" for name in optional}
    assert Settings.from_environment(REQUIRED | empty) == Settings.from_environment(REQUIRED)


def test_all_variables() -> None:
    settings = Settings.from_environment(
        REQUIRED
        | {
            "TRANSFORMERMODEL_WATCH_NAMESPACES": "b, a,b,",
            "TRANSFORMERMODEL_IMAGE_PULL_POLICY": "Never",
            "TRANSFORMERMODEL_RUNTIME": "ours",
            "TRANSFORMERMODEL_DEFAULT_STORAGE": "s3://models",
            "TRANSFORMERMODEL_DEFAULT_STORAGE_SECRET": "bucket-key",
            "TRANSFORMERMODEL_HUB_ENDPOINT": "http://hub",
            "TRANSFORMERMODEL_CLUSTER": "blue",
            "TRANSFORMERMODEL_PROBE_PORT": "1",
            "TRANSFORMERMODEL_METRICS_PORT": "65535",
            "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        }
    )
    assert settings.watch_namespaces == ("a", "b")
    assert settings.image_pull_policy == "Never"
    assert settings.runtime == "ours"
    assert (settings.default_storage, settings.default_storage_secret) == ("s3://models", "bucket-key")
    assert settings.hub_endpoint == "http://hub"
    assert settings.cluster == "blue"
    assert (settings.probe_host, settings.probe_port) == ("0.0.0.0", 1)
    assert (settings.metrics_host, settings.metrics_port) == ("0.0.0.0", 65535)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRANSFORMERMODEL_IMAGE_PULL_POLICY", "Sometimes"),
        ("TRANSFORMERMODEL_PROBE_PORT", "http"),
        ("TRANSFORMERMODEL_PROBE_PORT", "0"),
        ("TRANSFORMERMODEL_METRICS_PORT", "65536"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(UserError, match=f"{variable} is '{value}': it must be"):
        Settings.from_environment({**REQUIRED, variable: value})
