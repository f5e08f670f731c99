"""`python -m tests.monitoring.dashboards` writes them into the chart."""

import json
import sys
from pathlib import Path

from tests.monitoring.dashboards import DASHBOARDS
from transformermodel_api.generate import main


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of every dashboard of a checkout."""
    folder = root / "charts" / "transformermodel" / "files" / "dashboards"
    return {
        folder / f"{dashboard.uid}.json": json.dumps(dashboard.document(), indent=2) + "\n" for dashboard in DASHBOARDS
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
