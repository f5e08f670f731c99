"""How long clients wait for a worker (TorchServe's clientTimeoutInMills)."""

from transformermodel_predictor.torchserve.call import HandlerUnavailable
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class Patience:
    """Refuses calls whose clients have stopped waiting, so that nobody works for them.

    Args:
        model: the model's name, for messages.
        settings: how long clients wait.
    """

    def __init__(self, model: str, settings: WorkerSettings) -> None:
        self._model = model
        self._seconds = settings.client_timeout / 1000

    @property
    def ends_ever(self) -> bool:
        """Whether clients stop waiting at all."""
        return self._seconds > 0

    def ends(self, call: PendingCall) -> float | None:
        """When a call's client stops waiting; None if it never does."""
        return call.arrived + self._seconds if self._seconds else None

    def refuse_late(self, calls: dict[int, PendingCall], now: float) -> None:
        """Take out of a queue, the oldest first, what nobody waits for any more."""
        while self._seconds and calls:
            call = next(iter(calls.values()))
            if call.arrived + self._seconds > now:
                return
            del calls[call.number]
            limit = f"{self._seconds * 1000:.0f} milliseconds (clientTimeoutInMills)"
            call.fail(HandlerUnavailable(f"no worker of the model {self._model} was free for {limit}"))
