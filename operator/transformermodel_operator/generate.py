"""Writes the pages that are generated from the operator's code: `python -m transformermodel_operator.generate`.

With `--check` it only reports the ones that are out of date.
"""

import sys
from pathlib import Path

from transformermodel_api.generate import main
from transformermodel_operator.reference import reasons_page


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of every generated page of a checkout."""
    return {root / "docs" / "reasons.md": reasons_page()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
