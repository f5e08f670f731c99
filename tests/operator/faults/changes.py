"""Models are changed and changed back, and given what they cannot have."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kubernetes.aio.dynamic.exceptions import DynamicApiError

from tests.operator.faults.cases import Case
from tests.operator.faults.proxy import Object, Proxy
from tests.operator.faults.stage import Stage
from tests.operator.faults.states import State, states_of
from tests.operator.faults.theatre import Boards
from tests.unit.api.fields import Spec

States = Mapping[str, State]
"""By the names of models."""

_AT_ONCE = 16
_CLAIM = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}


@dataclass(frozen=True)
class Course:
    """What has become of the models in each act.

    Attributes:
        before: as they were made.
        after: once they were changed.
        fresh: others, which were made as these are now.
        undone: once they were changed back.
        strange: by the act, once some were given what nobody should write.
        mended: once they were changed back from that.
        let_pass: what the schema refuses and the API server did not.
    """

    before: States
    after: States
    fresh: States
    undone: States
    strange: Sequence[States]
    mended: States
    let_pass: Sequence[str]


async def play(boards: Boards, every: Sequence[Case], name: str) -> Course:
    """Play all cases at once, each in a model of its own."""
    url, session = boards.theatre.server.url, boards.session
    async with (
        boards.staged(f"changed-{name}", Proxy(url, session)) as changed,
        boards.staged(f"fresh-{name}", Proxy(url, session)) as fresh,
    ):
        for stage in (changed, fresh):
            await _furnish(stage)
        await _some_at_once(changed.administrator.create(_manifest(case.name, case.before)) for case in every)
        await _some_at_once(fresh.administrator.create(_manifest(case.name, case.after)) for case in every)
        await fresh.settle()
        await changed.settle()
        before, made = await states_of(changed), await states_of(fresh)
        after = await _act(changed, {case.name: case.after for case in every})
        undone = await _act(changed, {case.name: case.before for case in every})
        let_pass = await _try_what_is_refused(changed, every)
        strange = [
            await _act(changed, {case.name: specs[act] for case in every if act < len(specs := case.strange)})
            for act in range(max(len(case.strange) for case in every))
        ]
        mended = await _act(changed, {case.name: case.before for case in every if case.strange})
        return Course(before, after, made, undone, strange, mended, let_pass)


async def _furnish(stage: Stage) -> None:
    """Make what the values of fields name."""
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim"}, "spec": _CLAIM}
    await stage.administrator.apply(claim)
    for name in ("one", "two"):
        await stage.administrator.apply(
            {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": name}
        )


async def _act(stage: Stage, specs: Mapping[str, Spec]) -> States:
    replace = stage.administrator.replace_spec
    await _some_at_once(replace("TransformerModel", name, spec) for name, spec in specs.items())
    await stage.settle()
    return await states_of(stage)


async def _try_what_is_refused(stage: Stage, every: Sequence[Case]) -> list[str]:
    """Give every field what it cannot be; returns what the API server has taken all the same."""
    let_pass: list[str] = []

    async def attempt(case: Case, spec: Spec) -> None:
        try:
            await stage.administrator.replace_spec("TransformerModel", case.name, spec)
        except DynamicApiError as error:
            if error.status not in (400, 422):
                raise
        else:
            let_pass.append(f"{case}: {spec}")

    await _some_at_once(attempt(case, spec) for case in every for spec in case.refused)
    return let_pass


async def _some_at_once(calls: Iterable[Awaitable[object]]) -> None:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(call: Awaitable[object]) -> None:
        async with places:
            await call

    await asyncio.gather(*map(one, calls))


def _manifest(name: str, spec: Spec) -> Object:
    return {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": name},
        "spec": spec,
    }
