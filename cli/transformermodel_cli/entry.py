"""The entry point: `transformermodel COMMAND`. Hears signals before anything is imported that takes long."""

import os
import sys

from transformermodel_cli.exit_status import INTERRUPTED

try:
    from transformermodel_cli import interruption
    from transformermodel_cli.termination import TERMINATION
except KeyboardInterrupt:  # Python's own until then: it would show where in an import it came
    os._exit(INTERRUPTED)


def run() -> None:
    """Run the command line and exit.

    SIGTERM ends it from here on; a server that listens takes it over. The first process of a container would not hear
    it otherwise, and a pod that is deleted while it starts would stay for its whole grace period.
    """
    try:
        interruption.end_at_once()
        TERMINATION.hear()
        from transformermodel_cli import main

        main.run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
