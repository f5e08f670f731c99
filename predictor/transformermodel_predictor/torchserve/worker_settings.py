"""How the workers of a handler are run: TorchServe's keys with TorchServe's defaults."""

from dataclasses import dataclass
from enum import StrEnum


class DeviceType(StrEnum):
    """What kind of device workers are given."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


@dataclass(frozen=True)
class WorkerSettings:
    """What model-config.yaml, config.properties, the resource and the management API may say of workers.

    Attributes:
        min_workers: number of processes at start.
        max_workers: to which they may be scaled.
        batch_size: most calls that a handler gets at once.
        max_batch_delay: milliseconds that the first call of a batch waits for others.
        response_timeout: seconds after which a worker that does not answer is replaced.
        startup_timeout: seconds that a worker may take to load.
        retry_timeout: seconds over which a worker that dies again and again is started anew.
        client_timeout: milliseconds after which a call that still waits is not worked on; 0 is never.
        queue_size: most calls that wait.
        job_ticket: whether a call is refused at once when no worker is free.
        device_type: what workers are given.
        device_ids: the accelerators, in turn; all where empty.
        sequence_batching: whether calls of one sequence go to one worker, in their order.
        continuous_batching: whether new calls join between the steps of those that run.
        max_sequences: sequences that a worker serves at once.
        sequence_queue_size: most calls of one sequence that wait.
        sequence_idle: milliseconds after which a sequence without calls is ended; 0 is TorchServe's own default.
        sequence_timeout: milliseconds after which a sequence is ended however busy; 0 is never.
        envelope: the request envelope around the handler, where one is wanted.
        decode_input: whether JSON and text reach the handler decoded.
        limit_image_pixels: whether images with unreasonably many pixels are refused.
        metrics_file: names metrics that handlers find before they add any (metrics.yaml); the archive's own where None.
        use_requirements: whether the archive's requirements may be installed.
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
