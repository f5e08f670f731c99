"""Processes that are copies of one which has imported their programs, so that starting them costs next to nothing."""

from multiprocessing import get_context

FORKED = get_context("forkserver")
# Python has one such server for all: each list of modules that is set replaces the one before.
FORKED.set_forkserver_preload(
    [
        "tests.predictor.artifact.killed_store",
        "tests.predictor.preparation.killed",
        "transformermodel_predictor.preparation.making",
        "transformermodel_predictor.server.lifecycle",
        "transformermodel_predictor.server.native_loading",
        "transformermodel_cli.main",
        "tests.cli.forked",
        "peft",
        "s3fs",
        "tests.predictor.frozen",
    ]
)
