"""`transformermodel resolve`: resolves sources to their current versions, for the operator's checks."""

import os

import typer

from transformermodel_cli.prepare import TERMINATION_LOG


def command() -> None:
    """Say what the sources are at now: the request comes from the environment, as in the operator's Jobs."""
    from transformermodel_predictor.preparation.job import run_check

    raise typer.Exit(run_check(os.environ, TERMINATION_LOG))
