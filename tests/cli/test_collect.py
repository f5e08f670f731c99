"""`collect`: from which stores it removes, and `--only-forgotten`, as the Job of a deleted model runs it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from transformermodel_api.errors import UserError
from transformermodel_cli.main import app
from transformermodel_predictor.artifact.local_store import LocalStore

REFERENCE = "cluster/team/leaving"


def collect(*arguments: str) -> str:
    return CliRunner().invoke(app, ["collect", *arguments], catch_exceptions=False).output


def test_a_model_that_is_no_more_is_forgotten(tmp_path: Path) -> None:
    LocalStore(tmp_path).refer(REFERENCE, "d" * 64)
    collect("--store", str(tmp_path), "--forget", REFERENCE, "--only-forgotten")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_model_can_be_forgotten_with_everything_else_that_nobody_needs(tmp_path: Path) -> None:
    LocalStore(tmp_path).refer(REFERENCE, "d" * 64)
    assert collect("--store", str(tmp_path), "--forget", REFERENCE, "--dry-run") == "0 bytes would be free\n"
    assert (tmp_path / "refs" / REFERENCE).is_file()
    assert collect("--store", str(tmp_path), "--forget", REFERENCE) == "0 bytes are free\n"
    assert not (tmp_path / "refs" / REFERENCE).exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_model_that_the_store_does_not_know_is_told_with_those_it_knows(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    LocalStore(tmp_path).refer(REFERENCE, "d" * 64)
    told = rf"^{tmp_path} has no reference cluster/team/staying: there are {REFERENCE}$"
    with pytest.raises(UserError, match=told):
        collect("--store", str(tmp_path), "--forget", REFERENCE, "--forget", "cluster/team/staying", *more)
    assert (tmp_path / "refs" / REFERENCE).is_file()


def test_of_very_many_models_a_few_are_told(tmp_path: Path) -> None:
    for number in range(12):
        LocalStore(tmp_path).refer(f"cluster/team/model-{number:02}", "d" * 64)
    with pytest.raises(UserError, match=r"there are cluster/team/model-00, .*/model-09 and 2 more$"):
        collect("--store", str(tmp_path), "--forget", REFERENCE)


def test_a_name_that_is_no_reference_is_told_with_the_form(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'leaving' is no reference: it must be CLUSTER/NAMESPACE/NAME"):
        collect("--store", str(tmp_path), "--forget", "leaving", "--dry-run")


def test_a_job_may_remove_again_what_it_has_removed(tmp_path: Path) -> None:
    store = tmp_path / "never-written-to"
    told = f"{store} has no reference {REFERENCE}: there is none\n"
    assert collect("--store", str(store), "--forget", REFERENCE, "--only-forgotten") == told


@pytest.mark.parametrize("arguments", [(), ("--dry-run",), ("--forget", REFERENCE)])
def test_a_store_that_is_not_there_is_named_with_the_remedy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    store = tmp_path / "nowhere"
    told = rf"{store} is no store \(there is no such folder\): .* with --store or \$TRANSFORMERMODEL_STORE"
    with pytest.raises(UserError, match=told):
        collect("--store", str(store), *arguments)
    assert not store.exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    store = tmp_path / "models.txt"
    store.touch()
    with pytest.raises(UserError, match=r"is no store \(it is a file\)"):
        collect("--store", str(store))


def test_a_machine_that_has_prepared_nothing_has_nothing_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRANSFORMERMODEL_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert collect() == "0 bytes are free\n"


@pytest.mark.parametrize("arguments", [("--only-forgotten",), ("--only-forgotten", "--dry-run", "--forget", REFERENCE)])
def test_it_wants_to_know_whom_to_forget_and_does_it(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="--only-forgotten needs --forget"):
        collect("--store", str(tmp_path), *arguments)
