"""Golden tests of an archive's handler, run in a real worker before the model is served."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.golden import GoldenTest, TestExpectation, TestInput
from transformermodel_predictor.preparation.golden import GoldenResult
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.call import Call, CallKind, HandlerFailed, HandlerUnavailable, Part, Reply
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.starting import start_handler_model

_BODY = "body"
_PATIENCE_SECONDS = 600.0
"""For an archive without limits."""

_SHOWN = 200
"""Characters of a reply that a message shows."""


def check_handler_answers(tests: Sequence[GoldenTest], archived: ArchivedModel) -> tuple[GoldenResult, ...]:
    """Start one worker, and ask it all questions one by one; returns the results in order.

    A question that is a text alone is sent as text, another one as a JSON object.

    Raises:
        PreparationFailed: GoldenAnswerMismatch, the handler cannot be loaded or answers otherwise; it names the first
            test that fails, what came and what was expected.
    """
    return asyncio.run(_check(tests, archived)) if tests else ()


async def _check(tests: Sequence[GoldenTest], archived: ArchivedModel) -> tuple[GoldenResult, ...]:
    alone = replace(archived, settings=patient_settings(archived))
    try:
        model = await start_handler_model(alone)
    except HandlerFailed as error:
        raise _mismatch(f"the handler cannot be loaded: {error}") from error
    try:
        return tuple([await _checked(index, test, model) for index, test in enumerate(tests)])
    finally:
        await model.close()


def patient_settings(archived: ArchivedModel) -> WorkerSettings:
    """One worker, with the archive's limits on loading and answering, or else longer ones than a client would wait.

    What a server is told of limits beside the archive (config.properties, flags, the resource) is not known here, and a
    machine that prepares may be slower than the one that serves.
    """
    settings, told = archived.settings, archived.configuration
    return replace(
        settings,
        min_workers=1,
        max_workers=1,
        max_batch_delay=0,
        startup_timeout=settings.startup_timeout if "startupTimeout" in told else _PATIENCE_SECONDS,
        response_timeout=settings.response_timeout if "responseTimeout" in told else _PATIENCE_SECONDS,
    )


async def _checked(index: int, test: GoldenTest, model: HandlerModel) -> GoldenResult:
    try:
        reply = await model.call(_call(test.input))
    except (HandlerFailed, HandlerUnavailable) as error:
        raise _mismatch(f"spec.tests[{index}] was not answered: {error}") from error
    answer = reply.body.decode("utf-8", "replace")
    if problem := _problem(test.expect, reply, answer):
        raise _mismatch(f"spec.tests[{index}] was answered {_shown(answer)}{problem}")
    return GoldenResult({"answer": answer})


def _call(asked: TestInput) -> Call:
    fields = asked.model_dump(exclude_none=True)
    if fields.keys() == {"text"}:
        return _with_body(fields["text"], "text/plain")
    return _with_body(json.dumps(fields, ensure_ascii=False), "application/json")


def _with_body(text: str, content_type: str) -> Call:
    part = Part(_BODY, text.encode(), content_type)
    return Call(CallKind.predict, (part,), {"content-type": content_type}, request_id="golden")


def _problem(expected: TestExpectation, reply: Reply, answer: str) -> str | None:
    """What is wrong with a reply, after the words that show it."""
    if reply.status != HTTPStatus.OK:
        return f" with status {reply.status}"
    for wanted in (expected.label, expected.answer):
        if wanted is not None and not _equal(answer, wanted):
            return f", expected {_shown(wanted)}"
    if expected.generated_text is not None and not answer.startswith(expected.generated_text):
        return f", expected a text that begins with {_shown(expected.generated_text)}"
    return None


def _equal(answer: str, wanted: str) -> bool:
    """Whether both are equal as text or as JSON values."""
    if answer == wanted:
        return True
    try:
        return bool(json.loads(answer) == json.loads(wanted))
    except ValueError:
        return False


def _shown(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
    return repr(shown)  # in one line, whatever is in it


def _mismatch(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.GoldenAnswerMismatch, f"{message}.")
