"""Leader election: only the replica that holds the Lease writes.

As in client-go's leader election, a Lease is taken over when it has not changed for its whole duration as seen by the
taker's own clock: the replicas' clocks need not agree. A holder that cannot renew in time stops before others begin.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import LEASE, Document, Kind, Reference, resource_version

NAME = "transformermodel-operator"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Periods:
    """The periods of the election, in seconds.

    Attributes:
        duration: how long a Lease is valid without renewal.
        give_up: time without renewal after which its holder stops.
        renew: how often the holder renews it.
        retry: how often the others check it, and the delay after a failed renewal.
    """

    duration: float = 15.0
    give_up: float = 10.0
    renew: float = 5.0
    retry: float = 2.0


class Leases(Protocol):
    """Where the Lease is: `client.Api`."""

    async def get(self, reference: Reference) -> Document | None:
        """As `Api.get`."""
        ...

    async def create(self, kind: Kind, document: Document) -> Document:
        """As `Api.create`."""
        ...

    async def replace(self, kind: Kind, document: Document) -> Document:
        """As `Api.replace`."""
        ...


class Election:
    """One replica's part in the election.

    Args:
        leases: the API server.
        namespace: where the Lease is.
        identity: name of this replica.
        periods: of the election.
        clock: seconds of a monotonic clock.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        leases: Leases,
        namespace: str,
        identity: str,
        periods: Periods = Periods(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._leases = leases
        self._reference = Reference(LEASE, namespace, NAME)
        self._identity = identity
        self._periods = periods
        self._clock = clock
        self._sleep = sleep
        self._lease: Document | None = None
        self._seen_at = 0.0
        self._renewed_at = 0.0
        self.leads = False

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Run `lead` whenever and as long as this replica holds the Lease; cancel it when the Lease is lost.

        Returns when `lead` has ended by itself; the Lease is then released.
        """
        while True:
            while not await self.acquire():
                await self._sleep(self._until_next_look())
            _log.info("%s leads", self._identity)
            if await self._lead(lead):
                await self.release()
                return
            _log.warning("%s leads no longer", self._identity)

    async def _lead(self, lead: Callable[[], Awaitable[None]]) -> bool:
        """Lead and hold; returns whether `lead` was the first to end."""
        self.leads = True
        leading = asyncio.ensure_future(lead())
        holding = asyncio.ensure_future(self.hold())
        try:
            done, _ = await asyncio.wait({leading, holding}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leads = False
            for task in (leading, holding):
                task.cancel()
            ended = await asyncio.gather(leading, holding, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome
        return leading in done

    async def acquire(self) -> bool:
        """Try once to take the Lease."""
        self._renewed_at = self._clock()
        try:
            lease = await self._leases.get(self._reference)
            self._notice(lease)
            if lease is None:
                self._notice(await self._leases.create(LEASE, self._claimed(None)))
                return True
            if not self._is_free(lease):
                return False
            self._notice(await self._leases.replace(LEASE, self._claimed(lease)))
        except ApiError as error:
            if error.status != 409:  # another replica was faster
                _log.warning("the Lease cannot be taken: %s", error)
            return False
        return True

    async def hold(self) -> None:
        """Renew the Lease; returns when it is lost.

        Time counts from when a renewal was sent: replicas that wait for the Lease to expire count from a later moment.
        A renewal that hangs is abandoned in time.
        """
        pause = self._periods.renew
        while True:
            await self._sleep(max(min(pause, self._left()), 0.0))
            sent_at = self._clock()
            try:
                async with asyncio.timeout(max(self._left(), 0.001)):
                    await self._renew()
                self._renewed_at, pause = sent_at, self._periods.renew
            except (ApiError, TimeoutError) as error:
                _log.warning("the Lease cannot be renewed: %s", error or "no answer in time")
                pause = self._periods.retry
            if self._left() <= 0 or self._lease is None:
                return

    def _left(self) -> float:
        """Seconds left to renew the Lease."""
        return self._periods.give_up - (self._clock() - self._renewed_at)

    async def _renew(self) -> None:
        try:
            self._notice(await self._leases.replace(LEASE, self._claimed(self._lease)))
        except ApiError as error:
            if not error.is_conflict:
                raise
            # Another replica has it, or a renewal was written but its answer was lost.
            lease = await self._leases.get(self._reference)
            self._notice(lease if lease is not None and _holder(lease) == self._identity else None)

    async def release(self) -> None:
        """Release the Lease if this replica still holds it, so that another can start at once."""
        if self._lease is None or _holder(self._lease) != self._identity:
            return
        spec = {**self._lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            self._notice(await self._leases.replace(LEASE, {**self._lease, "spec": spec}))
        except ApiError as error:
            _log.warning("the Lease is left to expire: %s", error)

    def _notice(self, lease: Document | None) -> None:
        """Remember when the Lease last changed, by this replica's own clock."""
        known = self._lease
        if lease is None or known is None or resource_version(lease) != resource_version(known):
            self._seen_at = self._clock()
        self._lease = lease

    def _is_free(self, lease: Document) -> bool:
        if _holder(lease) in ("", self._identity):
            return True
        return self._clock() - self._seen_at >= self._duration(lease)

    def _until_next_look(self) -> float:
        """Soon, and right at the end of the Lease as this replica sees it."""
        if self._lease is None or _holder(self._lease) in ("", self._identity):
            return self._periods.retry
        left = self._duration(self._lease) - (self._clock() - self._seen_at)
        return min(self._periods.retry, max(left, 0.0))

    def _duration(self, lease: Document) -> float:
        return float(lease["spec"].get("leaseDurationSeconds") or self._periods.duration)

    def _claimed(self, lease: Document | None) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        metadata = {"namespace": self._reference.namespace, "name": self._reference.name}
        spec = lease.get("spec") or {} if lease is not None else {}
        changed_hands = spec.get("holderIdentity") != self._identity
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": lease["metadata"] if lease is not None else metadata,
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": int(self._periods.duration),
                "acquireTime": now if changed_hands else spec["acquireTime"],
                "renewTime": now,
                "leaseTransitions": int(spec.get("leaseTransitions") or 0) + (lease is not None and changed_hands),
            },
        }


def _holder(lease: Document) -> str:
    return (lease.get("spec") or {}).get("holderIdentity") or ""
