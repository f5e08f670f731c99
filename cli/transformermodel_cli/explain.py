"""`transformermodel explain`: why a model answers what it answers, in the terminal."""

import asyncio
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from transformermodel_api.errors import UserError
from transformermodel_api.identity import canonical_json
from transformermodel_cli.explanation_flags import ExplanationsFlag
from transformermodel_cli.explanation_text import explained_lines
from transformermodel_cli.location import store_location
from transformermodel_cli.model_flags import DeviceFlag
from transformermodel_cli.parameter_flag import ParameterFlag, read_parameters
from transformermodel_cli.preparation_process import preparing
from transformermodel_cli.prepare import Output, StoreOption
from transformermodel_cli.served_models import has_handler, model_options, place_of
from transformermodel_cli.subjects import ManifestSubject, Subject, read_subjects

if TYPE_CHECKING:
    from pathlib import Path

    from transformermodel_predictor.explanations.explanation import Explained
    from transformermodel_predictor.server.serving import ModelOptions

_BATCHING: dict[str, int | None] = {}


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A manifest, or a directory that is prepared already.")],
    text: Annotated[str | None, typer.Option(help="The text, or the prompt of a model that generates.")] = None,
    text_pair: Annotated[str | None, typer.Option(help="The second text of a pair.")] = None,
    question: Annotated[str | None, typer.Option(help="The question, for question answering.")] = None,
    context: Annotated[str | None, typer.Option(help="The text that has its answer.")] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="The way to attribute (default: feature_ablation for generated text, else integrated_gradients)."
        ),
    ] = None,
    target: Annotated[str | None, typer.Option(help="What is explained (default: the answer itself).")] = None,
    store: StoreOption = None,
    device: DeviceFlag = None,
    parameter: ParameterFlag = None,
    explanations: ExplanationsFlag = None,
    output: Annotated[Output, typer.Option(help="How to print the result.")] = Output.text,
) -> None:
    """Answer a text, and say how much each word spoke for that.

    The model is prepared where needed.
    """
    given = {"text": text, "text_pair": text_pair, "question": question, "context": context}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields:
        raise UserError("nothing to explain: give --text, or --question and --context")
    subject, *more = read_subjects([file])
    if more:
        raise UserError(f"{file} holds {len(more) + 1} models: explain takes a file with one")
    if has_handler(subject):
        raise UserError(
            f"{subject.name} is explained by its own handler: serve it and ask /explanations/{subject.name}"
        )
    named = {name: value for name, value in (("method", method), ("target", target)) if value is not None}
    asked = read_parameters(parameter or ()) | named
    options = model_options(subject, explanations).changed(device, _BATCHING)
    _require_possible(subject.name, options, asked)
    _print(_explained(subject, store, options, fields, asked), output)


def _require_possible(name: str, options: "ModelOptions", parameters: dict[str, Any]) -> None:
    """Refuse, before minutes of preparation, parameters that no model can be explained with."""
    from transformermodel_predictor.explanations.explanation import Baseline, Method

    if not options.explanations.enabled:
        raise UserError(f"explanations are switched off for {name} (spec.predictor.explanations.enabled)")
    for parameter, words in (("method", Method), ("baseline", Baseline)):
        if parameters.get(parameter) not in (None, *words):
            raise UserError(f"{parameter} must be one of {', '.join(words)}")


def _explained(
    subject: Subject, store: str | None, options: "ModelOptions", fields: dict[str, Any], parameters: dict[str, Any]
) -> "Explained":
    from transformermodel_predictor.artifact.holding import held
    from transformermodel_predictor.threads import limit_threads

    limit_threads(None)  # before PyTorch is imported, which counts the node's CPUs
    location = store_location(store, os.environ)
    digests: dict[str, str] = {}
    if isinstance(subject, ManifestSubject):
        with preparing([subject], location) as preparation:
            from transformermodel_predictor.engines.device import choose_devices  # imports PyTorch meanwhile

            choose_devices(options.device)  # fails early if the device is missing
            digests = dict(preparation.digests())
    with ExitStack() as holds:
        directory = place_of(subject, location, digests)
        holds.enter_context(held(directory))
        return _in_process(subject.name, directory, options, fields, parameters)


def _in_process(
    name: str, directory: "Path", options: "ModelOptions", fields: dict[str, Any], parameters: dict[str, Any]
) -> "Explained":
    """Load the model as a server does, and ask it once."""
    from transformermodel_predictor.garbage import uncollected

    with uncollected():
        from transformermodel_predictor.server.native_loading import load_handler  # imports PyTorch: seconds
    from transformermodel_predictor.tasks.task import InvalidQuestion
    from transformermodel_predictor.telemetry.observer import Unobserved
    from transformermodel_predictor.workers import Workers

    workers = Workers()
    handler = load_handler(name, directory, workers, Unobserved(), options)
    try:
        (explained,) = asyncio.run(handler.explain([fields], parameters))
    except InvalidQuestion as error:
        raise UserError(str(error)) from error
    finally:
        workers.shutdown()
    return explained


def _print(explained: "Explained", output: Output) -> None:
    if output is Output.json:
        from transformermodel_predictor.protocols.explanations import write_explained

        sys.stdout.write(canonical_json(write_explained(explained)) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in explained_lines(explained):
        console.print(line)
