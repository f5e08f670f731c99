"""The CustomResourceDefinition, as far as it can be judged without an API server."""

from collections.abc import Iterator

import yaml

from transformermodel_api.crd import CLIENT_SIDE_APPLY_LIMIT, crd_yaml, custom_resource_definition, resource_schema
from transformermodel_api.schema import Json, Schema
from transformermodel_api.validation.cel_rules import rule_problems

SPEC = custom_resource_definition()["spec"]
VERSION = SPEC["versions"][0]


def undescribed(schema: Schema, path: str) -> list[str]:
    """Fields without a text of at least a few words."""
    missing = []
    for name, field in schema.get("properties", {}).items():
        if len(field.get("description", "")) < len("Its name.") or not field["description"].endswith("."):
            missing.append(f"{path}.{name}")
        missing += undescribed(field, f"{path}.{name}")
    for child in (schema.get("items"), schema.get("additionalProperties")):
        missing += undescribed(child, f"{path}[]") if child else []
    return missing


def defaults_of(schema: Schema, path: str = "") -> Iterator[tuple[str, tuple[Json, Schema]]]:
    """All defaults with the schemas of their fields."""
    for name, field in schema.get("properties", {}).items():
        if "default" in field:
            yield f"{path}.{name}", (field["default"], field)
        yield from defaults_of(field, f"{path}.{name}")


def test_every_field_is_described_in_a_sentence() -> None:
    fields = resource_schema()["properties"]

    assert undescribed({"properties": {"spec": fields["spec"], "status": fields["status"]}}, "") == []


def test_every_default_satisfies_the_rules_without_the_defaults_of_its_fields() -> None:
    """The API server judges a default as it is written, before those within it are filled in."""
    defaults = dict(defaults_of(resource_schema()["properties"]["spec"]))

    assert ".predictor.explanations" in defaults
    assert [
        str(problem) for path, (value, schema) in defaults.items() for problem in rule_problems(value, schema, path)
    ] == []


def test_enumerations_are_spelt_out_in_the_description() -> None:
    tolerations = resource_schema()["properties"]["spec"]["properties"]["predictor"]["properties"]["tolerations"]

    assert tolerations["items"]["properties"]["effect"]["enum"] == ["NoSchedule", "PreferNoSchedule", "NoExecute"]


def test_names() -> None:
    assert SPEC["names"] == {
        "kind": "TransformerModel",
        "listKind": "TransformerModelList",
        "plural": "transformermodels",
        "singular": "transformermodel",
        "shortNames": ["tfm"],
        "categories": ["ml"],
    }
    assert (SPEC["group"], SPEC["scope"], VERSION["name"]) == ("transformermodel.dev", "Namespaced", "v1alpha1")


def test_columns() -> None:
    columns = {column["name"]: column.get("priority", 0) for column in VERSION["additionalPrinterColumns"]}

    assert [name for name, priority in columns.items() if priority == 0] == [
        *("READY", "REASON", "TASK", "COMMIT", "URL", "AGE")
    ]
    assert [name for name, priority in columns.items() if priority] == ["PREPARED%"]


def test_conditions_are_a_map_by_type() -> None:
    conditions = resource_schema()["properties"]["status"]["properties"]["conditions"]

    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert conditions["items"]["properties"]["lastTransitionTime"]["format"] == "date-time"


def test_metadata_is_left_to_the_api_server() -> None:
    assert resource_schema()["properties"]["metadata"] == {"type": "object"}


def test_the_yaml_is_the_document_and_fits_a_plain_apply() -> None:
    text = crd_yaml()

    assert yaml.safe_load(text) == custom_resource_definition()
    assert len(text.encode()) < CLIENT_SIDE_APPLY_LIMIT / 2
    assert "&id" not in text
    assert text == crd_yaml()
