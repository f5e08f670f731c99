"""Looks up what a decision depends on and the watches do not cover: pods, their logs, claims."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from transformermodel_operator.children.work_job import JOB_LABEL
from transformermodel_operator.client import ApiError
from transformermodel_operator.decide.deployment import deployed_revision
from transformermodel_operator.decide.inquiry import Inquiry
from transformermodel_operator.objects import CLAIM, POD, Document, Kind, Reference, newest_first
from transformermodel_operator.pods.job_pods import JobPods, end_of_log, last_ended, read_job_pods
from transformermodel_operator.pods.obstacles import container_name, obstacle_in
from transformermodel_operator.pods.replica_pods import read_replica_pods
from transformermodel_operator.reasons import Reason
from transformermodel_operator.snapshot import Snapshot

_LOG_LINES = 40

_log = logging.getLogger(__name__)


class Cluster(Protocol):
    """The calls to the API server that an inspection needs: `client.Api`."""

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


async def inspect(cluster: Cluster, snapshot: Snapshot, inquiry: Inquiry) -> Snapshot:
    """Add the answers to the snapshot.

    Pods and claims are not watched, because only few of the many in a cluster are ever needed.

    Args:
        cluster: the API server.
        snapshot: what the watches have seen.
        inquiry: what to look up.

    Raises:
        ApiError: the API server cannot be reached or does not work.
    """
    namespace = snapshot.model["metadata"]["namespace"]
    if inquiry.claims:
        snapshot = replace(snapshot, claims=await _claims(cluster, namespace, inquiry.claims))
    if inquiry.service is not None:
        snapshot = replace(snapshot, service=await cluster.get(inquiry.service))
    if inquiry.namesakes:
        snapshot = replace(snapshot, namesakes=await _namesakes(cluster, inquiry.namesakes))
    if inquiry.replicas is not None:
        serving, _ = await cluster.list(POD, namespace, inquiry.replicas)
        snapshot = replace(snapshot, replica_pods=read_replica_pods(serving, deployed_revision(snapshot.deployment)))
    if inquiry.job is None:
        return snapshot
    pods, _ = await cluster.list(POD, namespace, f"{JOB_LABEL}={inquiry.job.name}")
    found = read_job_pods(pods, snapshot.now)
    if inquiry.finished:
        found = replace(found, log=await _end_of_log(cluster, namespace, pods))
    else:
        found = await _with_warnings(cluster, inquiry.job, pods, found)
    return replace(snapshot, job_pods=found)


async def _claims(cluster: Cluster, namespace: str, names: tuple[str, ...]) -> Mapping[str, Document | None]:
    """The claims by name; empty if the operator may not read claims, as with the roles of an older chart."""
    try:
        return {name: await cluster.get(Reference(CLAIM, namespace, name)) for name in names}
    except ApiError as error:
        if error.status != 403:
            raise
        _log.warning("claims are not looked at: %s", error)
        return {}


async def _namesakes(cluster: Cluster, references: tuple[Reference, ...]) -> Mapping[Reference, Document]:
    """The objects that are there; not one that the operator may not read, as with the roles of an older chart."""
    there = {}
    for reference in references:
        try:
            found = await cluster.get(reference)
        except ApiError as error:
            if error.status != 403:
                raise
            _log.warning("%s is not looked at: %s", reference, error)
            continue
        if found is not None:
            there[reference] = found
    return there


async def _end_of_log(cluster: Cluster, namespace: str, pods: list[Document]) -> str:
    """The end of the log of the newest pod that ended; empty if it cannot be read, as the outcome matters more."""
    ended = last_ended(pods)
    if ended is None:
        return ""
    try:
        pod = Reference(POD, namespace, ended["metadata"]["name"])
        return end_of_log(await cluster.log(pod, container_name(ended), _LOG_LINES))
    except ApiError as error:
        _log.info("the log of %s cannot be read: %s", ended["metadata"]["name"], error)
        return ""


async def _with_warnings(cluster: Cluster, job: Reference, pods: list[Document], found: JobPods) -> JobPods:
    """Add what only events report: why a pod was refused, or why a node does not set one up."""
    if not pods:
        about = job
    elif found.obstacle is not None and found.obstacle.reason is Reason.PodNotStarting:
        about = Reference(POD, job.namespace, newest_first(pods)[0]["metadata"]["name"])
    else:
        return found
    try:
        reported = obstacle_in(await cluster.warnings(about))
    except ApiError as error:
        if error.status != 403:
            raise
        return found
    return replace(found, obstacle=reported or found.obstacle)
