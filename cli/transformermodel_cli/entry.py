"""The entry point: `transformermodel COMMAND`. Hears signals before anything is imported that takes long."""

import sys
from typing import NoReturn

from transformermodel_cli.exit_status import INTERRUPTED
from transformermodel_cli.termination import TERMINATION


def run() -> NoReturn:
    """Run the command line and exit.

    SIGTERM ends it from here on; a server that listens takes it over. The first process of a container would not hear
    it otherwise, and a pod that is deleted while it starts would stay for its whole grace period.
    """
    try:
        TERMINATION.hear()
        from transformermodel_cli import main

        main.run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
