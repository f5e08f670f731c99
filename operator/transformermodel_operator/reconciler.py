"""observe → decide → apply → report, for one model."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from transformermodel_api.contract import PreparationProgress
from transformermodel_operator.children.inference_service import deployment_name
from transformermodel_operator.client import ApiError
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.decide.ownership import name_taken
from transformermodel_operator.decision import Decision, decide, inquire
from transformermodel_operator.inspection import inspect
from transformermodel_operator.objects import (
    CONTROLLER_REVISION,
    DISRUPTION_BUDGET,
    FINALIZER,
    INFERENCE_SERVICE,
    JOB,
    MODEL,
    Document,
    Key,
    Kind,
    Reference,
    controller,
    resource_version,
    uid,
)
from transformermodel_operator.pods.obstacles import is_about_quota
from transformermodel_operator.reasons import Reason
from transformermodel_operator.settings import Settings
from transformermodel_operator.snapshot import Refusal, Snapshot
from transformermodel_operator.watches.store import Store

_log = logging.getLogger(__name__)


class Cluster(Protocol):
    """The calls to the API server that the reconciler needs: `client.Api`."""

    async def get(self, reference: Reference) -> Document | None:
        """As `Api.get`."""
        ...

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Document], int]:
        """As `Api.list`."""
        ...

    async def warnings(self, about: Reference) -> Sequence[Document]:
        """As `Api.warnings`."""
        ...

    async def log(self, pod: Reference, container: str, lines: int) -> str:
        """As `Api.log`."""
        ...

    async def apply(self, document: Document) -> Document:
        """As `Api.apply`."""
        ...

    async def apply_status(self, document: Document) -> Document:
        """As `Api.apply_status`."""
        ...

    async def apply_finalizers(self, model: Document, finalizers: Sequence[str]) -> Document:
        """As `Api.apply_finalizers`."""
        ...

    async def delete(self, document: Document) -> None:
        """As `Api.delete`."""
        ...


class EventRecorder(Protocol):
    """Records events: `recorder.Recorder`."""

    async def record(self, model: Document, events: tuple[Event, ...]) -> None:
        """As `Recorder.record`."""
        ...


@dataclass(frozen=True)
class Stores:
    """The objects that the watches have seen."""

    models: Store
    jobs: Store
    services: Store
    deployments: Store
    revisions: Store
    budgets: Store

    def children(self, kind: Kind) -> Store:
        """The store of a kind that the operator writes."""
        written = {
            JOB: self.jobs,
            INFERENCE_SERVICE: self.services,
            CONTROLLER_REVISION: self.revisions,
            DISRUPTION_BUDGET: self.budgets,
        }
        return written[kind]


@dataclass(frozen=True)
class Reconciler:
    """Brings models closer to their specs.

    Attributes:
        cluster: the API server.
        stores: what the watches have seen.
        recorder: records events.
        settings: the operator's.
        kserve_installed: whether the API server knows InferenceServices.
        now: the current time, with its zone.
        follow: follows the log of a model's running Job, or of none; returns the progress known so far.
    """

    cluster: Cluster
    stores: Stores
    recorder: EventRecorder
    settings: Settings
    kserve_installed: Callable[[], bool]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    follow: Callable[[Key, Reference | None], PreparationProgress | None] = lambda key, job: None

    async def reconcile(self, key: Key) -> float | None:
        """Reconcile one model; returns the seconds after which to requeue it, or None.

        Raises:
            ApiError: the API server is unreachable or fails; the same call may succeed later.
        """
        model = self.stores.models.get(key.namespace, key.name)
        if model is None:
            self.follow(key, None)
            return None
        snapshot = await self._inspect(key, self._observe(key, model))
        decision = decide(snapshot)
        if decision.finalizer:
            self.stores.models.put(await self.cluster.apply_finalizers(model, (FINALIZER,)))
            return None  # it is requeued with its finalizer; only then is anything created that has to be removed
        if decision.apply or decision.delete:
            if not await self._is_current(model):
                return None
            created = [child for child in decision.apply if self._known(Reference.to(child)) is None]
            refusals = await self._look_for(model, created)
            if any(self._known(Reference.to(child)) is not None for child in created):
                return None
            if refusals:
                snapshot = replace(snapshot, refusals=refusals)
                decision = decide(snapshot)
        decision = await self._carry_out(snapshot, decision)
        await self._report(model, decision)
        if decision.finalizer is False:
            await self._remove_finalizer(model)
        return None if decision.requeue_after is None else decision.requeue_after.total_seconds()

    def _observe(self, key: Key, model: Document) -> Snapshot:
        return Snapshot(
            model=model,
            jobs=self.stores.jobs.of(key),
            service=self.stores.services.get(key.namespace, key.name),
            deployment=self.stores.deployments.get(key.namespace, deployment_name(key.name)),
            revisions=self.stores.revisions.of(key),
            budget=self.stores.budgets.get(key.namespace, deployment_name(key.name)),
            kserve_installed=self.kserve_installed(),
            settings=self.settings,
            now=self.now(),
        )

    async def _inspect(self, key: Key, snapshot: Snapshot) -> Snapshot:
        """Look up what the decision depends on and the watches do not cover."""
        inquiry = inquire(snapshot)
        progress = self.follow(key, inquiry.running)
        if progress is not None:
            snapshot = replace(snapshot, progress=progress)
        return await inspect(self.cluster, snapshot, inquiry)

    async def _is_current(self, model: Document) -> bool:
        """Whether the model is unchanged, checked live before anything is created, changed or removed for it.

        Watches lag, lists come from caches, and a watch that had to relist does not report deletions. The live object
        is put into the store, which requeues the model.
        """
        live = await self.cluster.get(Reference.to(model))
        if live is None or uid(live) != uid(model):
            self.stores.models.forget(model)
        if live is not None:
            self.stores.models.put(live)
        return live is not None and uid(live) == uid(model) and resource_version(live) <= resource_version(model)

    async def _look_for(self, model: Document, created: Iterable[Document]) -> Mapping[Reference, Refusal]:
        """Look up live the children to be created: existing ones go into the store if ours, else they are conflicts."""
        found: dict[Reference, Refusal] = {}
        for child in created:
            reference = Reference.to(child)
            live = await self.cluster.get(reference)
            if live is not None and (controller(live) or {}).get("uid") != uid(model):
                found[reference] = name_taken(reference, model["metadata"]["name"])
            elif live is not None:
                self.stores.children(reference.kind).put(live)
        return found

    async def _carry_out(self, snapshot: Snapshot, decision: Decision) -> Decision:
        """Delete and apply. If the API server refuses a child, decide again and apply the rest."""
        for child in decision.delete:
            _log.info("deletes %s", Reference.to(child))
            await self.cluster.delete(child)
        tried: set[Reference] = set()
        while left := [child for child in decision.apply if Reference.to(child) not in tried]:
            reference = Reference.to(left[0])
            tried.add(reference)
            if refusal := await self._apply(left[0]):
                snapshot = replace(snapshot, refusals={**snapshot.refusals, reference: refusal})
                decision = decide(snapshot)
        return decision

    async def _apply(self, child: Document) -> Refusal | None:
        """Apply a child; returns why the API server refuses it."""
        reference = Reference.to(child)
        _log.info("%s %s", "applies" if self._known(reference) is not None else "creates", reference)
        try:
            self.stores.children(reference.kind).acknowledge(await self.cluster.apply(child))
        except ApiError as error:
            if not error.is_refusal:
                raise
            reason = Reason.QuotaExceeded if is_about_quota(str(error)) else Reason.Refused
            return Refusal(reason, f"The API server refuses {reference}: {error}")
        return None

    async def _report(self, model: Document, decision: Decision) -> None:
        if decision.status is None:
            return
        status = decision.status.model_dump(mode="json", by_alias=True, exclude_none=True)
        if status == _reported(model):
            return
        written = await self._write_status(model, status)
        self.stores.models.acknowledge(written)
        await self.recorder.record(model, decision.events)

    async def _write_status(self, model: Document, status: Mapping[str, Any]) -> Document:
        """Write a status; without an answer, check whether it was written, because events are recorded only once."""
        try:
            return await self.cluster.apply_status(_status_document(model, status))
        except ApiError as error:
            live = await self.cluster.get(Reference.to(model)) if error.status == 0 else None
            if live is None or uid(live) != uid(model) or _reported(live) != status:
                raise
            return live

    async def _remove_finalizer(self, model: Document) -> None:
        """Remove the finalizer; it is fine if the model is already gone."""
        try:
            await self.cluster.apply_finalizers(model, ())
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def _known(self, reference: Reference) -> Document | None:
        return self.stores.children(reference.kind).get(reference.namespace, reference.name)


def _reported(model: Document) -> Mapping[str, Any] | None:
    status: Mapping[str, Any] | None = model.get("status")
    return status


def _status_document(model: Document, status: Mapping[str, Any]) -> dict[str, Any]:
    """With uid and version: a status is written only to the very model that it was decided for."""
    identity = ("namespace", "name", "uid", "resourceVersion")
    return {
        "apiVersion": MODEL.api_version,
        "kind": MODEL.name,
        "metadata": {name: model["metadata"][name] for name in identity},
        "status": status,
    }
