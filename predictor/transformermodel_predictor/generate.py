"""Writes the pages that are generated from the predictor's code: `python -m transformermodel_predictor.generate`."""

import sys
from pathlib import Path

from transformermodel_api.generate import main
from transformermodel_predictor.explanations.reference import explanations_section
from transformermodel_predictor.preparation.forms.reference import forms_page
from transformermodel_predictor.tasks.reference import tasks_page


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of every generated page of a checkout."""
    return {root / "docs" / "tasks.md": tasks_page(explanations_section()), root / "docs" / "forms.md": forms_page()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
