"""The entry point: `transformermodel COMMAND`. Installs signal handlers before any slow import."""

import os
import sys

from transformermodel_cli.exit_status import INTERRUPTED

try:
    from transformermodel_cli import interruption
    from transformermodel_cli.termination import TERMINATION
except KeyboardInterrupt:  # from Python's own handler; a traceback would point into an import
    os._exit(INTERRUPTED)


def run() -> None:
    """Run the command line and exit.

    From here on SIGTERM ends the process, until a listening server takes over the signal. Otherwise the first process
    of a container would ignore it, and a pod deleted while starting would last for its whole grace period.
    """
    try:
        interruption.end_at_once()
        TERMINATION.hear()
        from transformermodel_cli import main

        main.run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
