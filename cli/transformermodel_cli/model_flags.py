"""Flags that say how to run models; they apply to all models of the command and override their manifests."""

from typing import Annotated

import typer

MaxBatchTokensFlag = Annotated[
    int | None,
    typer.Option(
        "--max-batch-tokens",
        "--max_batch_tokens",
        min=1,
        help="Most tokens in one step of the engine; for models that generate, positions of the cache.",
    ),
]
MaxBatchSizeFlag = Annotated[
    int | None,
    typer.Option("--max-batch-size", "--max_batch_size", min=1, help="Most texts in one step of the engine."),
]
MaxQueueSizeFlag = Annotated[
    int | None,
    typer.Option("--max-queue-size", "--max_queue_size", min=1, help="Most texts that may wait; more get 503."),
]
MaxDelayFlag = Annotated[
    int | None,
    typer.Option(
        "--max-delay-milliseconds",
        "--max_delay_milliseconds",
        min=0,
        help="How long a text waits for others to batch with while the engine is idle.",
    ),
]
DeviceFlag = Annotated[
    str | None,
    typer.Option(help="What runs the models: auto, cpu, cuda, xpu, mps, xla, or devices of a kind, as in cuda:0,1."),
]
