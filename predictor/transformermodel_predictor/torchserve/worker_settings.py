"""The settings of a handler's workers: TorchServe's keys with TorchServe's defaults."""

from dataclasses import dataclass
from enum import StrEnum


class DeviceType(StrEnum):
    """The kind of device for workers."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


@dataclass(frozen=True)
class WorkerSettings:
    """Settings from model-config.yaml, config.properties, the resource and the management API.

    Attributes:
        min_workers: number of processes at start.
        max_workers: most processes.
        batch_size: most calls in a batch.
        max_batch_delay: milliseconds that the first call of a batch waits for others.
        response_timeout: seconds after which a worker that does not answer is replaced.
        startup_timeout: seconds that a worker may take to load.
        retry_timeout: seconds for which a worker that keeps dying is restarted.
        client_timeout: milliseconds after which a waiting call is refused; 0 for never.
        queue_size: most waiting calls.
        job_ticket: whether to refuse calls at once while no worker is free.
        device_type: the kind of device for workers.
        device_ids: the accelerators to use, in turn; all if empty.
        sequence_batching: whether the calls of a sequence go to one worker, in order.
        continuous_batching: whether new calls join a batch between its steps.
        max_sequences: most sequences that a worker serves at once.
        sequence_queue_size: most waiting calls of a sequence.
        sequence_idle: milliseconds after which a sequence without calls ends; 0 for TorchServe's default.
        sequence_timeout: milliseconds after which a sequence ends in any case; 0 for never.
        envelope: name of the request envelope around the handler; None for none.
        decode_input: whether the handler gets JSON and text decoded.
        limit_image_pixels: whether to refuse images with unreasonably many pixels.
        metrics_file: the file that defines handlers' metrics (metrics.yaml); the archive's own when None.
        use_requirements: whether to install the archive's requirements.
    """

    min_workers: int = 1
    max_workers: int = 1
    batch_size: int = 1
    max_batch_delay: int = 100
    response_timeout: float = 120.0
    startup_timeout: float = 120.0
    retry_timeout: float = 300.0
    client_timeout: int = 0
    queue_size: int = 100
    job_ticket: bool = False
    device_type: DeviceType = DeviceType.auto
    device_ids: tuple[int, ...] = ()
    sequence_batching: bool = False
    continuous_batching: bool = False
    max_sequences: int = 1
    sequence_queue_size: int = 1
    sequence_idle: int = 0
    sequence_timeout: int = 0
    envelope: str | None = None
    decode_input: bool = True
    limit_image_pixels: bool = True
    metrics_file: str | None = None
    use_requirements: bool = False
