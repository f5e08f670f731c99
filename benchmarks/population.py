"""Models with their children by the thousand: one as the operator brings it up, the others as copies of it.

A copy is made of what the operator has sent for the first, under another name and in the operator's own. An operator
that finds copies has nothing to write; where it writes, they are wrong.
"""

import asyncio
import json
from collections.abc import Sequence

from tests.operator.faults.bystanders import Administrator, Bystanders
from tests.operator.faults.proxy import Object, Proxy, Write
from tests.operator.faults.scenario import manifest
from tests.operator.faults.theatre import Boards
from transformermodel_operator.children.identity import FIELD_MANAGER

NAMESPACE = "scale"
_AT_ONCE = 16


def name_of(number: int) -> str:
    """A name that is in no other, and in nothing else."""
    return f"model-{number:06}"


def named(name: str) -> Object:
    """The manifest of a model."""
    return {**manifest("first"), "metadata": {"name": name}}


async def populate(boards: Boards, models: int) -> None:
    """Bring so many models up in `NAMESPACE`: Jobs are complete, Deployments available, and no operator is left.

    Args:
        boards: the way to the API server.
        models: how many.
    """
    proxy = Proxy(boards.theatre.server.url, boards.session)
    async with boards.staged(NAMESPACE, proxy) as stage:
        await stage.until_it_leads()
        first = await stage.administrator.apply(named(name_of(0)))
        await stage.until(_is_ready)
        await stage.settle()
    administrator = Administrator(boards.client, NAMESPACE)
    copier = _Copier(administrator, first, proxy.writes)
    places = asyncio.Semaphore(_AT_ONCE)

    async def copy(number: int) -> None:
        async with places:
            await copier.copy(name_of(number))

    await asyncio.gather(*map(copy, range(1, models)))


class _Copier:
    """Makes models that are like the first.

    Args:
        administrator: as whom.
        first: the model.
        writes: all that the operator has written for it.
    """

    def __init__(self, administrator: Administrator, first: Object, writes: Sequence[Write]) -> None:
        self._administrator = administrator
        self._first = first["metadata"]
        documents = {write.target: write.sent for write in writes if write.method == "PATCH"}
        self._status = documents.pop(f"transformermodels/{self._first['name']}/status")
        self._children = tuple(documents.values())

    async def copy(self, name: str) -> None:
        """Make a model of a name, with its status and its children, and have those around them act."""
        model = await self._administrator.apply(named(name))
        bystanders = Bystanders(self._administrator)
        for child in self._children:
            bystanders.hear(await self._write(child, model["metadata"]))
        await bystanders.settle()
        await self._write({**self._status, "metadata": {"name": self._first["name"]}}, model["metadata"], "status")

    async def _write(self, document: Object, model: Object, subresource: str = "") -> Object:
        text = json.dumps(document).replace(self._first["name"], model["name"])
        copied = json.loads(text.replace(self._first["uid"], model["uid"]))
        return await self._administrator.apply(copied, subresource, FIELD_MANAGER)


def _is_ready(model: Object) -> bool:
    conditions = model.get("status", {}).get("conditions", ())
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)
