"""Leases in object storage: locks between machines, which expire when their holder dies.

leases/<key>/<number>    the highest number holds the lease of a key

An object is created only if it does not exist, so one of several contenders wins. The holder rewrites its object every
few seconds; an object that has not changed for a while belongs to a dead holder, and the next number may be taken. Each
waiting machine measures that time itself, so that no two clocks are compared.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from transformermodel_api.errors import PreparationFailed
from transformermodel_predictor.objects.bucket import Bucket, StoredObject

LEASES = "leases"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Timing of leases, in seconds.

    Attributes:
        renew: interval at which a holder renews its lease.
        expire: time without a change after which a holder counts as dead.
        look: interval at which a waiting machine checks.
        clock: monotonic seconds.
        wait: sleeps.
    """

    renew: float = 10.0
    expire: float = 45.0
    look: float = 2.0
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


@dataclass
class Leases:
    """The leases of a store.

    Attributes:
        bucket: the store.
        machine: identity of this machine's cache. A process that holds the cache's lock of a key knows that another
            lease of the same machine belongs to a dead process.
    """

    bucket: Bucket
    machine: str
    pace: Pace = field(default_factory=Pace)

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Hold the lease of a key; waits until it is available."""
        name = self._acquire(key)
        stop = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(name, stop), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            stop.set()
            keeper.join()
            self._give_back(name)

    def clear(self, key: str) -> None:
        """Remove leases of this machine whose holder is known to be dead."""
        self.bucket.remove(lease.key for lease in self.bucket.list(f"{LEASES}/{key}") if self._is_ours(lease))

    def _acquire(self, key: str) -> str:
        seen: tuple[StoredObject, float] | None = None
        while True:
            found = self.bucket.list(f"{LEASES}/{key}")
            latest = found[-1] if found else None
            now = self.pace.clock()
            if latest is not None and (seen is None or seen[0] != latest):
                seen = (latest, now)
            if latest is None or self._is_dead(latest, now - seen[1] if seen else 0.0):
                name = f"{LEASES}/{key}/{_number(latest) + 1:08d}"
                if self.bucket.create(name, self._content()):
                    self.bucket.remove(old.key for old in found)
                    return name
            else:
                self.pace.wait(self.pace.look)

    def _give_back(self, name: str) -> None:
        """Release a lease. If that fails it expires, which is no reason to fail the work done under it."""
        try:
            self.bucket.remove([name])
        except PreparationFailed as error:
            _LOG.warning("The lease %s stays until it expires: %s", name, error.message)

    def _is_dead(self, lease: StoredObject, unchanged: float) -> bool:
        return unchanged >= self.pace.expire or self._is_ours(lease)

    def _is_ours(self, lease: StoredObject) -> bool:
        content = self.bucket.read(lease.key)
        return content is not None and json.loads(content)["machine"] == self.machine

    def _renew(self, name: str, stop: threading.Event) -> None:
        """Renew a lease until it is released. Failures are logged once, and retried."""
        warned = False
        while not stop.wait(self.pace.renew):
            try:
                self.bucket.write(name, self._content())
            except Exception as error:  # noqa: BLE001 - without this thread others take the holder for dead
                if not warned:
                    self._warn_unrenewed(name, error)
                warned = True
            else:
                warned = False

    def _warn_unrenewed(self, name: str, error: Exception) -> None:
        """Log a failed renewal; unknown errors only by their type, since their text may contain a URL with a token."""
        why = error.message if isinstance(error, PreparationFailed) else type(error).__name__
        _LOG.warning(
            "The lease %s could not be renewed (%s) and is tried again every %g seconds. "
            "After %g seconds without success another machine may begin the same work.",
            name,
            why,
            self.pace.renew,
            self.pace.expire,
        )

    def _content(self) -> bytes:
        """The content of a lease, different each time: some services give equal content the same version."""
        return json.dumps({"machine": self.machine, "sign": uuid.uuid4().hex}).encode()


def _number(lease: StoredObject | None) -> int:
    return int(lease.key.rpartition("/")[2]) if lease is not None else 0
