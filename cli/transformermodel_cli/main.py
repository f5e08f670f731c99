"""The command line: `transformermodel COMMAND`. Turns every error into one line and an exit status."""

import sys
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from transformermodel_api.errors import TransformerModelError
from transformermodel_cli import (
    archive,
    check_installation,
    collect,
    crds,
    diff,
    doctor,
    explain,
    interruption,
    operator,
    prepare,
    resolve,
    serve,
    validate,
)
from transformermodel_cli.exit_status import INTERRUPTED, UNREAD
from transformermodel_cli.process_end import end_process
from transformermodel_cli.refusal import refusal_of
from transformermodel_cli.streams import open_closed_streams

app = typer.Typer(
    name="transformermodel",
    help="Prepare, verify and serve Hugging Face transformers, on Kubernetes or on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"transformermodel {version('transformermodel')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Prepare, verify and serve Hugging Face transformers, on Kubernetes or on this machine."""


app.command("serve")(serve.command)
app.command("prepare")(prepare.command)
app.command("validate")(validate.command)
app.command("doctor")(doctor.command)
app.command("diff")(diff.command)
app.command("explain")(explain.command)
app.command("archive")(archive.command)
app.command("collect")(collect.command)
app.command("crds")(crds.command)
app.command("resolve", hidden=True)(resolve.command)
app.command("operator")(operator.command)
app.command("check-installation", hidden=True)(check_installation.command)


def run() -> NoReturn:
    """Run the command line and exit: 0, 1 for a bug of ours, 2 for the user's input, others by class of failure."""
    open_closed_streams()
    end_process(_status())


def _status() -> int:
    """Run the command; returns its exit status."""
    try:
        interruption.raise_again()
        app()
    except BrokenPipeError:
        return UNREAD
    except Exception as error:
        if (refusal := refusal_of(error)) is None:
            raise
        return _refused(refusal)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer's response to one
            return UNREAD
        if isinstance(end.code, str):
            raise
        return end.code or 0
    return 0


def _refused(error: TransformerModelError) -> int:
    """Print what is wrong; returns the exit status."""
    with suppress(OSError):  # the stream is closed or full: the exit status has to do
        Console(stderr=True, highlight=False, soft_wrap=True).print("error:", style="bold red", end=" ")
        sys.stderr.write(f"{error}\n")
    return error.exit_status
