"""Drift is a field of ours with another value, or one that is no longer wanted; nothing else is."""

from decimal import Decimal
from typing import Any

import pytest

from transformermodel_operator.comparison import has_stale_fields, includes, is_up_to_date, quantity

MANAGER = "us"


@pytest.mark.parametrize(
    ("actual", "desired"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, id="fields of others"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, id="fields of others below"),
        pytest.param({}, {"a": {}}, id="an empty value that the server leaves out"),
        pytest.param({}, {"a": []}, id="an empty list that it leaves out"),
        pytest.param({"l": [1, 2]}, {"l": [1, 2]}, id="equal lists"),
        pytest.param({"l": [1, 2]}, {"l": (1, 2)}, id="a tuple is a list"),
        pytest.param(
            {"env": [{"name": "X", "value": "1"}, {"name": "A", "value": "2"}]},
            {"env": [{"name": "A", "value": "2"}]},
            id="items of others in a list by name",
        ),
        pytest.param(
            {"containers": [{"name": "c", "image": "i", "terminationMessagePath": "/dev/termination-log"}]},
            {"containers": [{"name": "c", "image": "i"}]},
            id="defaults in an item",
        ),
        pytest.param({"limits": {"cpu": "1"}}, {"limits": {"cpu": "1000m"}}, id="equal quantities"),
        pytest.param({"emptyDir": {"sizeLimit": "1Gi"}}, {"emptyDir": {"sizeLimit": "1024Mi"}}, id="an equal quantity"),
        pytest.param(
            {"volumeMounts": [{"name": "a", "mountPath": "/b"}, {"name": "a", "mountPath": "/c", "subPath": "c"}]},
            {"volumeMounts": [{"name": "a", "mountPath": "/c", "subPath": "c"}, {"name": "a", "mountPath": "/b"}]},
            id="mounts of one volume by their places",
        ),
        pytest.param({"requests": {"memory": "1Gi"}}, {"requests": {"memory": 2**30}}, id="a quantity as a number"),
        pytest.param(
            {"tolerations": [{"key": "gpu", "operator": "Equal"}]},
            {"tolerations": [{"key": "gpu"}]},
            id="a default in an item without a name",
        ),
    ],
)
def test_covered(actual: dict[str, Any], desired: dict[str, Any]) -> None:
    assert includes(actual, desired)


@pytest.mark.parametrize(
    ("actual", "desired"),
    [
        pytest.param({"a": 2}, {"a": 1}, id="another value"),
        pytest.param({}, {"a": 1}, id="a missing field"),
        pytest.param({"a": "text"}, {"a": {"b": 1}}, id="another type"),
        pytest.param({"a": "text"}, {"a": ["t", "e", "x", "t"]}, id="text is no list"),
        pytest.param({"a": True}, {"a": "True"}, id="a boolean is no text"),
        pytest.param({"l": [1, 2, 3]}, {"l": [1, 2]}, id="a longer list"),
        pytest.param({"l": [2, 1]}, {"l": [1, 2]}, id="another order"),
        pytest.param({"env": [{"name": "A", "value": "3"}]}, {"env": [{"name": "A", "value": "2"}]}, id="changed item"),
        pytest.param({"env": [{"name": "B"}]}, {"env": [{"name": "A"}]}, id="a missing item"),
        pytest.param({"limits": {"cpu": "1"}}, {"limits": {"cpu": "1001m"}}, id="another quantity"),
        pytest.param({"limits": {}}, {"limits": {"cpu": "1"}}, id="a missing quantity"),
        pytest.param({"limits": {"cpu": "much"}}, {"limits": {"cpu": "more"}}, id="what are no quantities"),
    ],
)
def test_not_covered(actual: dict[str, Any], desired: dict[str, Any]) -> None:
    assert not includes(actual, desired)


def managed(fields: dict[str, Any], **entry: str) -> dict[str, Any]:
    entry = {"manager": MANAGER, "operation": "Apply", **entry}
    return {"metadata": {"managedFields": [{**entry, "fieldsV1": fields}]}}


NODE_SELECTOR = {"f:spec": {"f:nodeSelector": {"f:zone": {}}}}
ITEM = {"f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}}}


@pytest.mark.parametrize(
    ("fields", "desired", "exceeded"),
    [
        pytest.param(NODE_SELECTOR, {"spec": {"nodeSelector": {"zone": "a"}}}, False, id="still wanted"),
        pytest.param(NODE_SELECTOR, {"spec": {"nodeSelector": {}}}, True, id="no longer wanted"),
        pytest.param(NODE_SELECTOR, {"spec": {}}, True, id="its parent no longer wanted"),
        pytest.param(ITEM, {"env": [{"name": "B"}, {"name": "A", "value": "1"}]}, False, id="an item"),
        pytest.param(ITEM, {"env": [{"name": "B"}]}, True, id="an item no longer wanted"),
        pytest.param(ITEM, {"env": [{"name": "A"}]}, True, id="a field of an item no longer wanted"),
        pytest.param({"f:set": {'v:"x"': {}}}, {"set": ["x"]}, False, id="a value in a set"),
        pytest.param({"f:set": {'v:"x"': {}}}, {"set": ["y"]}, True, id="a value no longer in a set"),
        pytest.param({"f:list": {"i:1": {}}}, {"list": ["x", "y"]}, False, id="an index"),
        pytest.param({"f:list": {"i:1": {}}}, {"list": ["x"]}, True, id="an index no longer there"),
    ],
)
def test_fields_that_we_have_applied_and_no_longer_want(
    fields: dict[str, Any], desired: dict[str, Any], exceeded: bool
) -> None:
    assert has_stale_fields(managed(fields), desired, MANAGER) is exceeded


@pytest.mark.parametrize("entry", [{"manager": "kubectl"}, {"operation": "Update"}, {"subresource": "status"}])
def test_fields_of_others_are_not_looked_at(entry: dict[str, str]) -> None:
    assert not has_stale_fields(managed(NODE_SELECTOR, **entry), {}, MANAGER)


def test_settled_means_that_applying_changes_nothing() -> None:
    actual = {**managed(NODE_SELECTOR), "spec": {"nodeSelector": {"zone": "a"}}}
    assert is_up_to_date(actual, {"spec": {"nodeSelector": {"zone": "a"}}}, MANAGER)
    assert not is_up_to_date(actual, {"spec": {"nodeSelector": {"zone": "b"}}}, MANAGER)
    assert not is_up_to_date(actual, {"spec": {}}, MANAGER)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", Decimal(1)),
        (2, Decimal(2)),
        ("0.5", Decimal("0.5")),
        ("500m", Decimal("0.5")),
        ("1e3", Decimal(1000)),
        ("2E", Decimal(2 * 10**18)),
        ("3Mi", Decimal(3 * 2**20)),
        ("4k", Decimal(4000)),
        ("much", None),
        ("", None),
        ("1Zi", None),
    ],
)
def test_quantities(text: str | int, amount: Decimal | None) -> None:
    assert quantity(text) == amount
