"""Run the hub until it is interrupted; every request is a line of JSON on standard output."""

import argparse
from pathlib import Path

from tests.hub.server import HubServer


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.hub", description="A hub over a folder of repositories.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    with HubServer(arguments.folder, arguments.host, arguments.port, log=True) as hub:
        hub.serve_forever()


if __name__ == "__main__":
    main()
