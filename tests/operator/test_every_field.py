"""Every field of spec that is changed changes what the operator writes: none is forgotten."""

from dataclasses import replace

from tests.operator.world import ARTIFACT, SETTINGS, Object
from tests.unit.api.fields import Spec, fields
from transformermodel_api import API_VERSION, KIND
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.inference_service import inference_service
from transformermodel_operator.children.job import preparation_job
from transformermodel_operator.children.revision import Revision
from transformermodel_operator.decide.storage import locate
from transformermodel_operator.snapshot import Refusal

HEEDED_ELSEWHERE = {
    "source.checkIntervalSeconds": "when the sources are looked at",
    "rollout.automaticRollback": "whether what failed is taken back",
    "rollout.revisionHistoryLimit": "how many revisions are kept",
    "rollout.pinnedRevision": "which of them is served",
    "deletionPolicy": "the finalizer",
    "suspend": "whether anything is written at all",
}
HERE = replace(SETTINGS, default_storage="pvc://models")


def written(spec: Spec) -> list[Object]:
    """The children of a model that is prepared."""
    metadata = {"name": "sentiment", "namespace": "team", "uid": "uid-1"}
    document = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
    model = TransformerModel.read(document)
    storage = locate(model.spec, HERE)
    assert not isinstance(storage, Refusal)
    revision = Revision.of(model, ARTIFACT, HERE)
    return [preparation_job(model, storage, HERE), inference_service(model, revision)]


def test_a_field_that_is_changed_changes_what_is_written() -> None:
    leaves = {str(field): field.specs() for field in fields() if field.is_leaf and not field.is_refused}
    assert {name for name, specs in leaves.items() if written(specs[0]) == written(specs[1])} == set(HEEDED_ELSEWHERE)
