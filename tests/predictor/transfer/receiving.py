"""A download in a process of its own, which can be killed: `python -m tests.predictor.transfer.receiving`.

Arguments: url, size and SHA-256 of the file, the folder, and how many bytes are enough. Once they are there it prints
a line and stops where it is.
"""

import sys
import threading
from pathlib import Path

from transformermodel_predictor.transfer.download import download
from transformermodel_predictor.transfer.landing import RemoteFile
from transformermodel_predictor.transfer.retries import Retries


def main() -> None:
    """Download, and stop in the middle."""
    url, size, sha256, folder, enough = sys.argv[1:]

    def progress(there: int) -> None:
        if there >= int(enough):
            sys.stdout.write("enough\n")
            sys.stdout.flush()
            threading.Event().wait()

    download([RemoteFile(Path(url).name, url, int(size), sha256=sha256)], Path(folder), {}, progress, Retries())


if __name__ == "__main__":
    main()
