from pathlib import Path

from transformermodel_api.generate import outdated
from transformermodel_predictor.generate import generated_files
from transformermodel_predictor.preparation.forms.catalogue import all_candidates
from transformermodel_predictor.preparation.forms.reference import forms_page

ROOT = Path(__file__).resolve().parents[4]


def test_the_page_in_the_checkout_is_up_to_date() -> None:
    page = ROOT / "docs" / "forms.md"
    assert outdated({page: generated_files(ROOT)[page]}) == []


def test_it_names_every_candidate() -> None:
    sections = {part.partition("\n")[0]: part for part in forms_page().split("\n## ")}
    for candidate in all_candidates():
        engine = f"| engine {candidate.engine.value} |"
        (row,) = (line for line in sections[candidate.format.value].splitlines() if line.startswith(engine))
        assert candidate.precision.value in row
