"""The reference pages say everything that the types say."""

import pytest

from transformermodel_api.crd import resource_schema
from transformermodel_api.failures import FailureReason
from transformermodel_api.reference import failures_page, resource_page
from transformermodel_api.schema import Schema


def field_paths(path: str, schema: Schema) -> list[str]:
    paths: list[str] = []
    for name, field in schema.get("properties", {}).items():
        paths.append(f"{path}.{name}")
        below = f"{path}.{name}[]" if field.get("type") == "array" else f"{path}.{name}"
        paths += field_paths(below, field.get("items", field))
    return paths


@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_has_a_row(part: str) -> None:
    page = resource_page()
    for path in field_paths(part, resource_schema()["properties"][part]):
        assert f"| `{path}` |" in page


def test_every_rule_is_listed_at_its_object() -> None:
    assert "- `spec.source.revision`: revision is only for hf:// uris; remove it or use an hf:// uri" in resource_page()
    assert "- `spec.tests[].expect.score`: must be a decimal from 0 to 1" in resource_page()


def test_required_fields_and_defaults_are_told_apart() -> None:
    page = resource_page()
    assert "| `spec.source.uri` | string | required |" in page
    assert "| `spec.preparation.deadlineSeconds` | integer, 1 to 604800 | `3600` |" in page
    assert "| `spec.suspend` | boolean | `false` |" in page


@pytest.mark.parametrize("reason", list(FailureReason))
def test_every_failure_has_a_row_with_status_and_remedy(reason: FailureReason) -> None:
    assert f"| `{reason.name}` | {reason.exit_status} |" in failures_page()
    assert reason.remedy in failures_page()
