"""Which InferenceService there should be, and when the model may be called ready."""

from datetime import timedelta
from typing import Any

import pytest

from tests.operator.world import (
    DIGEST,
    Object,
    after,
    conditions,
    deployment,
    job,
    message,
    model,
    served,
    service,
    snapshot,
    succeeded,
)
from transformermodel_operator.decision import Decision, decide
from transformermodel_operator.objects import INFERENCE_SERVICE, Reference
from transformermodel_operator.pods.replica_pods import ReplicaPods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Refusal

MODEL = model()
STATUS = after(decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded())), MODEL)["status"]
PREPARED = {**MODEL, "status": STATUS}


def with_deployment(**status: Any) -> Decision:
    found = service(MODEL)
    return decide(snapshot(PREPARED, service=found, deployment=deployment(found, **status)))


def test_a_prepared_artifact_is_served() -> None:
    decision = decide(snapshot(PREPARED))
    assert [document["kind"] for document in decision.apply] == ["ControllerRevision", "InferenceService"]
    assert decision.apply[1]["spec"]["predictor"]["model"]["storageUri"].endswith(DIGEST)
    assert conditions(decision)["PredictorReady"] == ("False", "RollingOut")
    assert conditions(decision)["Ready"] == ("False", "RollingOut")


def test_a_preparation_and_its_predictor_need_one_decision() -> None:
    decision = decide(snapshot(MODEL, job(MODEL, "Complete"), job_pods=succeeded()))
    assert [document["kind"] for document in decision.apply] == ["ControllerRevision", "InferenceService"]


def test_it_is_ready_when_kserve_says_so_and_every_replica_has_the_revision() -> None:
    decision = decide(snapshot(PREPARED, **served(MODEL)))
    assert conditions(decision) == {
        "Ready": ("True", "Ready"),
        "SourceResolved": ("True", "Resolved"),
        "Prepared": ("True", "Prepared"),
        "PredictorReady": ("True", "Serving"),
    }
    assert decision.status is not None
    assert decision.status.url == "http://sentiment-predictor.team.svc.cluster.local"
    assert decision.status.replicas == 1
    assert decision.status.selector == "app=isvc.sentiment-predictor"
    assert (decision.apply, decision.delete, decision.requeue_after) == ((), (), None)


@pytest.mark.parametrize(("wanted", "there"), [(2, 1), (1, 2)])
def test_it_is_not_ready_before_the_deployment_has_the_wanted_replicas(wanted: int, there: int) -> None:
    scaled = {**PREPARED, "spec": {**PREPARED["spec"], "predictor": {"minReplicas": wanted}}}
    found = service(scaled)
    decision = decide(snapshot(scaled, service=found, deployment=deployment(found, wanted=there)))
    assert conditions(decision)["Ready"] == ("False", "RollingOut")
    assert message(decision, "PredictorReady") == "The Deployment has not got the new number of replicas yet."


def test_once_reported_nothing_changes_any_more() -> None:
    ready = after(decide(snapshot(PREPARED, **served(MODEL))), PREPARED)
    decision = decide(snapshot(ready, **served(MODEL)))
    assert after(decision, ready) == ready
    assert decision.events == ()


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"observedGeneration": 2}, id="not acted on yet"),
        pytest.param({"replicas": 2}, id="an old pod serves beside the new one"),
        pytest.param({"updatedReplicas": 0, "conditions": []}, id="no pod of the revision yet"),
        pytest.param({"availableReplicas": 0, "conditions": []}, id="its pod is not available yet"),
        pytest.param({"replicas": None, "updatedReplicas": None, "availableReplicas": None}, id="no pods at all"),
    ],
)
def test_during_a_rollout_it_is_not_ready_although_kserve_says_so(status: dict[str, Any]) -> None:
    assert conditions(with_deployment(**status))["PredictorReady"] == ("False", "RollingOut")


def test_a_deployment_of_another_revision_does_not_count() -> None:
    found = service(MODEL)
    other = deployment(found)
    other["spec"]["template"]["metadata"]["annotations"] = {"transformermodel.dev/revision": "former"}
    decision = decide(snapshot(PREPARED, service=found, deployment=other))
    assert conditions(decision)["PredictorReady"] == ("False", "RollingOut")


def test_a_missing_deployment_does_not_count() -> None:
    decision = decide(snapshot(PREPARED, service=service(MODEL)))
    assert conditions(decision)["PredictorReady"] == ("False", "RollingOut")


def test_what_keeps_kserve_from_making_the_deployment_is_told() -> None:
    found = service(MODEL, ready=False)
    found["status"]["conditions"][0] = {
        "type": "PredictorReady",
        "status": "False",
        "reason": "ReconcileFailed",
        "message": "requests must not exceed limits",
    }
    decision = decide(snapshot(PREPARED, service=found))
    assert conditions(decision)["Ready"] == ("False", "RollingOut")
    assert message(decision, "Ready").endswith("PredictorReady: ReconcileFailed: requests must not exceed limits")


def test_what_kserve_has_not_noticed_yet_is_no_doubt() -> None:
    found = service(MODEL, ready=False)
    found["status"]["conditions"][0] = {
        "type": "PredictorReady",
        "status": "False",
        "reason": "MinimumReplicasUnavailable",
    }
    decision = decide(snapshot(PREPARED, service=found, deployment=deployment(found)))
    assert conditions(decision)["PredictorReady"] == ("False", "RollingOut")


def test_kserves_own_doubts_count() -> None:
    found = service(MODEL, ready=False)
    found["status"]["conditions"][0] = {
        "type": "IngressReady",
        "status": "False",
        "reason": "NoGateway",
        "message": "no gateway",
    }
    decision = decide(snapshot(PREPARED, service=found, deployment=deployment(found)))
    assert conditions(decision)["PredictorReady"] == ("False", "KServeNotReady")
    assert message(decision, "Ready").endswith("IngressReady: NoGateway: no gateway")


@pytest.mark.parametrize(
    "silent", [{"type": "Stopped", "reason": "x"}, {"type": "Ready", "reason": "x"}, {"type": "IngressReady"}]
)
def test_a_condition_that_says_nothing_of_the_model_is_no_doubt_of_kserves(silent: dict[str, str]) -> None:
    found = service(MODEL, ready=False)
    found["status"]["conditions"][0] = {**silent, "status": "False"}
    decision = decide(snapshot(PREPARED, service=found, deployment=deployment(found)))
    assert message(decision, "PredictorReady") == "KServe does not call the InferenceService ready."


def test_a_replica_that_goes_away_after_the_rollout_is_called_so() -> None:
    decision = with_deployment(availableReplicas=0)
    assert conditions(decision)["PredictorReady"] == ("False", "ReplicasUnavailable")
    assert "0 of 1 replicas" in message(decision, "Ready")
    assert decision.status is not None
    assert decision.status.replicas == 0


FAILURE = {
    "transitionStatus": "BlockedByFailedLoad",
    "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "checksum mismatch"},
}


def test_a_failure_that_kserve_knows_is_told() -> None:
    found = service(MODEL, **FAILURE)
    decision = decide(
        snapshot(PREPARED, service=found, deployment=deployment(found, availableReplicas=0, conditions=[]))
    )
    assert conditions(decision)["Ready"] == ("False", "ModelLoadFailed")
    assert message(decision, "Ready") == "checksum mismatch"
    assert conditions(decision)["Reconciling"] == ("True", "ModelLoadFailed")


def test_replicas_that_start_again_after_a_failure_that_kserve_knows_are_not_only_starting() -> None:
    found = service(MODEL, **FAILURE)
    around = {"service": found, "deployment": deployment(found, availableReplicas=0)}
    decision = decide(snapshot(PREPARED, **around, replica_pods=ReplicaPods(starting=True)))
    assert conditions(decision)["Ready"] == ("False", "ReplicasUnavailable")
    assert message(decision, "Ready").endswith("checksum mismatch")


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({**FAILURE, "transitionStatus": "UpToDate"}, id="it is over"),
        pytest.param({"transitionStatus": "BlockedByFailedLoad"}, id="KServe has not said which"),
        pytest.param({"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": {"exitCode": 1}}, id="nor why"),
    ],
)
def test_only_a_failure_that_has_a_reason_and_holds_is_told(status: Object) -> None:
    found = service(MODEL, **status)
    decision = decide(
        snapshot(PREPARED, service=found, deployment=deployment(found, availableReplicas=0, conditions=[]))
    )
    assert conditions(decision)["Ready"] == ("False", "RollingOut")


def test_a_rollout_without_progress_is_stalled() -> None:
    progress = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "stuck"}]
    decision = with_deployment(availableReplicas=0, conditions=progress)
    assert conditions(decision)["Stalled"] == ("True", "ProgressDeadlineExceeded")
    assert "stuck" in message(decision, "Ready")


def test_what_kserve_calls_invalid_is_stalled() -> None:
    invalid = {"transitionStatus": "InvalidSpec", "lastFailureInfo": {"reason": "RuntimeNotRecognized"}}
    decision = decide(snapshot(PREPARED, service=service(MODEL, **invalid)))
    assert conditions(decision)["Stalled"] == ("True", "RuntimeNotRecognized")


def test_without_kserve_the_model_is_prepared_and_says_what_is_missing() -> None:
    first = decide(snapshot(MODEL, kserve_installed=False))
    assert [document["kind"] for document in first.apply] == ["Job"]
    assert conditions(first)["PredictorReady"] == ("False", "KServeMissing")
    assert conditions(first)["Reconciling"] == ("True", "Preparing")
    then = decide(snapshot(PREPARED, kserve_installed=False))
    assert then.apply == ()
    assert conditions(then)["Stalled"] == ("True", "KServeMissing")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda spec: spec["model"].update(storageUri="pvc://models/else"), id="storage"),
        pytest.param(lambda spec: spec.update(minReplicas=5), id="replicas"),
        pytest.param(lambda spec: spec["annotations"].clear(), id="revision"),
    ],
)
def test_drift_is_repaired_and_it_is_not_ready_meanwhile(change: Any) -> None:
    around = served(MODEL)
    change(around["service"]["spec"]["predictor"])
    decision = decide(snapshot(PREPARED, **around))
    assert [document["kind"] for document in decision.apply] == ["InferenceService"]
    assert conditions(decision)["PredictorReady"] == ("False", "RollingOut")
    assert decision.status is not None
    assert decision.status.url is not None


def test_what_kserve_adds_is_no_drift() -> None:
    around = served(MODEL)
    spec = around["service"]["spec"]["predictor"]
    spec["model"] |= {"name": "", "resources": {"limits": {"cpu": "1"}}}
    spec["automountServiceAccountToken"] = False
    around["service"]["metadata"]["annotations"]["serving.kserve.io/model-format"] = "transformermodel"
    assert decide(snapshot(PREPARED, **around)).apply == ()


def test_a_field_that_is_no_longer_wanted_is_taken_back() -> None:
    around = served(MODEL)
    around["service"]["spec"]["predictor"]["nodeSelector"] = {"disk": "fast"}
    fields = {"f:spec": {"f:predictor": {"f:nodeSelector": {}}}}
    around["service"]["metadata"]["managedFields"] = [
        {"manager": "transformermodel-operator", "operation": "Apply", "fieldsV1": fields}
    ]
    assert len(decide(snapshot(PREPARED, **around)).apply) == 1


def test_the_predictors_part_of_an_edit_takes_effect_while_a_preparation_fails() -> None:
    edited = model(source={"uri": "hf://org/name", "revision": "v2"}, predictor={"minReplicas": 3})
    edited["status"] = STATUS
    decision = decide(snapshot(edited, job(edited, active=1, ready=1), **served(MODEL)))
    applied = next(document for document in decision.apply if document["kind"] == "InferenceService")
    assert applied["spec"]["predictor"]["minReplicas"] == 3
    assert applied["spec"]["predictor"]["model"]["storageUri"].endswith(DIGEST)


def foreign() -> Object:
    found = service(MODEL)
    found["metadata"]["ownerReferences"] = [
        {"kind": "Pipeline", "name": "other", "uid": "uid-of-other", "controller": True}
    ]
    return found


def test_a_foreign_service_of_the_name_is_left_alone() -> None:
    decision = decide(snapshot(PREPARED, service=foreign(), deployment=deployment(foreign())))
    assert decision.apply == ()
    assert decision.status is not None
    assert (decision.status.url, decision.status.selector) == (None, None)  # that is somebody else's
    assert conditions(decision)["Stalled"] == ("True", "NameTaken")
    assert "InferenceService team/sentiment" in message(decision, "Ready")
    assert "another name" in message(decision, "Ready")
    assert decision.requeue_after == timedelta(minutes=1)


def test_a_refused_service_is_reported_and_tried_again() -> None:
    refusals = {Reference(INFERENCE_SERVICE, "team", "sentiment"): Refusal(Reason.Refused, "the webhook says no")}
    decision = decide(snapshot(PREPARED, refusals=refusals))
    assert decision.apply == ()
    assert conditions(decision)["Stalled"] == ("True", "Refused")
    assert decision.requeue_after == timedelta(minutes=1)


def test_the_service_of_a_former_model_of_the_name_is_waited_for() -> None:
    leftover = service(MODEL)
    leftover["metadata"]["ownerReferences"][0]["uid"] = "uid-of-a-former-model"
    decision = decide(snapshot(PREPARED, service=leftover))
    assert decision.apply == ()
    assert conditions(decision)["Reconciling"] == ("True", "RollingOut")
