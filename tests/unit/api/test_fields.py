"""The fields that tests change: all that the schema has, and what they are changed to is sound."""

from tests.unit.api.fields import Spec, fields
from transformermodel_api import API_VERSION, KIND
from transformermodel_api.crd import resource_schema
from transformermodel_api.rules import VALIDATIONS
from transformermodel_api.schema import schema_nodes
from transformermodel_api.validation import problems

EACH = {str(field): field for field in fields()}
WITHOUT_A_CHOICE = {
    "source",
    "tests.input",
    "tests.expect",
    "predictor.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
    "predictor.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution.preference",
    "predictor.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution.podAffinityTerm",
    "predictor.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.podAffinityTerm",
}
"""Objects that have to be there, and so are changed by their fields alone."""
REFUSED = {"rollout.canary"}
"""Fields that are there to say why there is no such thing."""


def told(spec: Spec) -> tuple[str, ...]:
    return problems({"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "sentiment"}, "spec": spec})


def test_no_field_of_the_schema_is_left_out() -> None:
    nodes = schema_nodes(resource_schema()["properties"]["spec"])
    assert len(fields()) == sum(len(node.get("properties", ())) for node in nodes)


def test_each_field_can_be_changed() -> None:
    assert {name for name, field in EACH.items() if len(field.specs()) == 1} == WITHOUT_A_CHOICE | REFUSED


def test_what_a_field_is_changed_to_is_sound_and_another() -> None:
    for name, field in EACH.items():
        specs = field.specs()
        assert [told(spec) for spec in specs] == [()] * len(specs), name
        assert all(spec not in specs[:place] for place, spec in enumerate(specs)), name


def test_what_a_schema_refuses_is_wrong() -> None:
    assert [name for name, field in EACH.items() for spec in field.refused() if not told(spec)] == []


def test_what_a_refused_field_holds_is_refused_by_its_reason_alone() -> None:
    assert {name for name, field in EACH.items() if field.is_refused} == REFUSED
    for name in REFUSED:
        (rule,) = EACH[name].schema[VALIDATIONS]
        as_object, *_ = EACH[name].refused()
        assert told(as_object) == (f'spec.{name}: Invalid value: "object": {rule["message"]}',)


def test_what_nobody_should_write_is_let_pass_all_the_same() -> None:
    assert [name for name, field in EACH.items() for spec in field.strange() if told(spec)] == []
