"""`transformermodel check-installation`: whether the operator does its work, as `helm test` asks it."""

import asyncio
import os
import sys
from typing import Annotated

import typer


def command(
    namespace: Annotated[str, typer.Option(help="A namespace that the operator watches.")],
    source_uri: Annotated[str, typer.Option(help="A source that models may have there; nothing is read from it.")],
    patience_seconds: Annotated[float, typer.Option(help="How long to wait for the operator.", min=0)] = 60.0,
) -> None:
    """Make a model that asks for nothing, and see whether the operator looks after it."""
    from transformermodel_operator.connection import configure, connect
    from transformermodel_operator.installation import check_installation

    async def check() -> str:
        async with connect(await configure(os.environ)) as api:
            return await check_installation(api, namespace, source_uri, patience_seconds)

    sys.stdout.write(f"{asyncio.run(check())}\n")
