"""Limits how long a call waits for a worker (TorchServe's clientTimeoutInMills)."""

from transformermodel_predictor.torchserve.call import HandlerUnavailable
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class ClientTimeout:
    """Refuses calls whose clients have stopped waiting, so that no worker spends time on them.

    Args:
        model: the model's name, for messages.
        settings: the settings of the model's workers.
    """

    def __init__(self, model: str, settings: WorkerSettings) -> None:
        self._model = model
        self._seconds = settings.client_timeout / 1000

    @property
    def is_set(self) -> bool:
        """Whether there is a timeout."""
        return self._seconds > 0

    def deadline_of(self, call: PendingCall) -> float | None:
        """The time at which a call's client stops waiting; None if there is no timeout."""
        return call.arrived + self._seconds if self._seconds else None

    def refuse_late(self, calls: dict[int, PendingCall], now: float) -> None:
        """Remove the calls from a queue, ordered by age, whose timeout has passed, and fail them."""
        while self._seconds and calls:
            call = next(iter(calls.values()))
            if call.arrived + self._seconds > now:
                return
            del calls[call.number]
            limit = f"{self._seconds * 1000:.0f} milliseconds (clientTimeoutInMills)"
            call.fail(HandlerUnavailable(f"no worker of the model {self._model} was free for {limit}"))
