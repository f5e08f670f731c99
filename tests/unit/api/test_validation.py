"""Validation refuses what the API server refuses, in its words (which tests/cluster compares with the real one)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.api.generated import manifests, sound_manifests
from tests.unit.api.wrong_manifests import SOUND, WRONG_MANIFESTS, WrongManifest, changed
from transformermodel_api.crd import resource_schema
from transformermodel_api.model import TransformerModel
from transformermodel_api.nulls import without_nulls
from transformermodel_api.rules import VALIDATIONS
from transformermodel_api.schema import LIST_TYPE, PRESERVE_UNKNOWN, schema_nodes
from transformermodel_api.spec import TransformerModelSpec
from transformermodel_api.validation import problems
from transformermodel_api.validation.structure import CHECKED

MESSAGES = [rule["message"] for node in schema_nodes(resource_schema()) for rule in node.get(VALIDATIONS, ())]
IGNORED = {"description", "default", PRESERVE_UNKNOWN, VALIDATIONS}


def test_a_sound_manifest_has_no_problems() -> None:
    assert problems(SOUND) == ()


def test_an_archive_says_who_it_is_trusted_by_and_how_its_handler_runs() -> None:
    archive = changed(
        task="Custom",
        source={"uri": "s3://bucket/x.mar", "trustRemoteCode": "Allowed", "requirements": "Installed"},
        preparation={"deadlineSeconds": 60, "serviceAccountName": "reader"},
        predictor={
            "workers": {"min": 1, "max": 2, "responseTimeoutSeconds": 30, "startupTimeoutSeconds": 600},
            "batching": {"maxBatchSize": 8, "maxDelayMilliseconds": 20},
        },
        tests=[{"input": {"text": "a"}, "expect": {"answer": "b"}}],
    )
    assert problems(archive) == ()


@pytest.mark.parametrize("wrong", WRONG_MANIFESTS, ids=lambda wrong: wrong.name)
def test_a_wrong_manifest_is_refused_with_every_sentence_and_no_other(wrong: WrongManifest) -> None:
    assert set(problems(wrong.document)) == wrong.sentences


def test_problems_come_in_the_order_of_the_manifest() -> None:
    document = changed(source={"revision": "x", "uri": 5}, preparation={"maxLength": 1, "format": "Best"})

    assert [sentence.partition(":")[0] for sentence in problems(document)] == [
        "spec.source.uri",
        "spec.preparation.maxLength",
        "spec.preparation.format",
    ]


@pytest.mark.parametrize(
    ("document", "sentences"),
    [
        (
            {},
            (
                "apiVersion: Required value: must be transformermodel.dev/v1alpha1",
                "kind: Required value: must be TransformerModel",
            ),
        ),
        (
            SOUND | {"apiVersion": "v1", "kind": "Pod"},
            (
                'apiVersion: Unsupported value: "v1": supported values: "transformermodel.dev/v1alpha1"',
                'kind: Unsupported value: "Pod": supported values: "TransformerModel"',
            ),
        ),
        ([], ("a manifest is an object with apiVersion, kind, metadata and spec, not of type array",)),
        (None, ("a manifest is an object with apiVersion, kind, metadata and spec, not of type null",)),
    ],
)
def test_what_is_no_transformer_model_is_told_what_it_should_be(document: object, sentences: tuple[str, ...]) -> None:
    assert problems(document) == sentences


def test_a_generated_name_is_none_yet() -> None:
    document = SOUND | {"metadata": {"generateName": "sentiment-"}}

    assert problems(document) == ("metadata.name: Required value: generateName is for `kubectl create` alone",)


def test_null_means_absent() -> None:
    document = changed(source__revision=None, preparation=None, suspend=None, predictor__nodeSelector={"a": None})

    assert problems(document) == ()
    assert TransformerModel.read(document) == TransformerModel.read(changed(predictor__nodeSelector={}))


def test_the_status_in_a_manifest_is_not_looked_at() -> None:
    assert problems(SOUND | {"status": {"replicas": "many"}}) == ()


def test_every_constraint_of_the_schema_is_checked() -> None:
    nodes = list(schema_nodes(resource_schema()["properties"]["spec"]))

    assert {keyword for node in nodes for keyword in node} - IGNORED <= CHECKED
    assert {node[LIST_TYPE] for node in nodes if LIST_TYPE in node} <= {"set", "atomic"}


@given(sound_manifests())
def test_generated_sound_manifests_have_no_problems(document: dict[str, object]) -> None:
    assert problems(document) == ()


@given(manifests())
def test_what_has_no_problems_can_be_read(document: dict[str, object]) -> None:
    if not problems(document):
        TransformerModel.read(document)


@given(manifests().map(without_nulls))
def test_what_can_be_read_strictly_breaks_no_more_than_rules(document: dict[str, object]) -> None:
    spec = document.get("spec")
    found = problems(SOUND | {"spec": spec})
    try:
        TransformerModelSpec.model_validate_json(json.dumps(spec), strict=True)
    except ValidationError:
        assert found
    else:
        expected = ("Duplicate value", *MESSAGES)
        assert all(any(text in problem for text in expected) for problem in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_answered(document: object) -> None:
    assert problems(document)
    problems(SOUND | {"spec": document})
    problems(SOUND | {"metadata": document})
