"""Requirements of archives, installed from a folder of wheels by the real pip."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from tests.predictor.torchserve.reading.wheels import wheel
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.reading.opening import open_archive
from transformermodel_predictor.torchserve.reading.requirements import with_requirements
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks."""
    folder = tmp_path / "wheels"
    wheel(folder, "greeting", requires=("numpy", "spelling"))
    wheel(folder, "spelling", "2.0")
    wheel(folder, "pyyaml", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def model(folder: Path, requirements: str, *, switched_on: bool = True) -> ArchivedModel:
    path = packed(folder, {"requirements.txt": requirements.encode()}, requirements_file="requirements.txt")
    settings = WorkerSettings(use_requirements=switched_on)
    return open_archive(path, folder=folder / "unpacked", settings=settings)


def test_what_the_server_lacks_is_installed_once_and_what_it_has_is_not(tmp_path: Path, index: Path) -> None:
    cache = tmp_path / "cache"

    packages = with_requirements(model(tmp_path / "1", "greeting\n"), cache).packages

    assert packages is not None
    assert (packages / "greeting.py").is_file()
    assert (packages / "spelling.py").is_file()
    assert not (packages / "numpy").exists()
    assert list(packages.glob("*.pth")) == []
    for file in index.iterdir():
        file.unlink()  # so that pip could not do it again
    assert with_requirements(model(tmp_path / "2", "greeting\n"), cache).packages == packages
    assert [folder.name for folder in cache.iterdir()] == [packages.name]


def test_another_version_than_the_server_s_stands_beside_it(tmp_path: Path) -> None:
    before = version("pyyaml")

    packages = with_requirements(model(tmp_path, "pyyaml==1.0\n"), tmp_path / "cache").packages

    assert packages is not None
    assert (packages / "pyyaml.py").read_text() == "VERSION = '1.0'\n"
    assert version("pyyaml") == before


def test_of_several_versions_the_one_is_taken_that_goes_with_the_server_s_pytorch(tmp_path: Path, index: Path) -> None:
    """The newest would bring another PyTorch, as torchvision's does as soon as there is one."""
    wheel(index, "torch", "99.0")
    wheel(index, "vision", "2.0", requires=("torch>=99",))
    wheel(index, "vision", "1.0", requires=("torch",))

    packages = with_requirements(model(tmp_path / "1", "vision\n"), tmp_path / "cache").packages

    assert packages is not None
    assert (packages / "vision.py").read_text() == "VERSION = '1.0'\n"
    assert not (packages / "torch.py").exists()

    wanted = with_requirements(model(tmp_path / "2", "vision==2.0\n"), tmp_path / "cache").packages
    assert wanted is not None
    assert (wanted / "torch.py").is_file(), "who wants another one has it"


def test_nothing_is_installed_that_is_not_switched_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = with_requirements(model(tmp_path, "greeting\n", switched_on=False), tmp_path / "cache")

    assert found.packages is None
    assert found.missing_requirements == "requirements.txt"
    assert not (tmp_path / "cache").exists()
    assert "model echo: its requirements.txt is not installed; --install-requirements would" in caplog.text


def test_a_failure_is_pip_s_last_line(tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed) as caught:
        with_requirements(model(tmp_path, "not-to-be-found==3\n"), tmp_path / "cache")

    assert caught.value.reason is FailureReason.RequirementsNotInstalled
    assert caught.value.message == (
        "requirements.txt of echo cannot be installed: No matching distribution found for not-to-be-found==3."
    )
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_requirements_file_that_is_missing_is_named(tmp_path: Path) -> None:
    path = packed(tmp_path, requirements_file="requirements.txt")
    archived = open_archive(path, folder=tmp_path / "x", settings=WorkerSettings(use_requirements=True))

    with pytest.raises(PreparationFailed, match=r"echo has no requirements.txt, which its manifest names"):
        with_requirements(archived, tmp_path / "cache")


def test_a_model_without_requirements_stays_as_it_is(tmp_path: Path) -> None:
    archived = open_archive(packed(tmp_path), folder=tmp_path / "x", settings=WorkerSettings(use_requirements=True))
    assert with_requirements(archived, tmp_path / "cache") is archived
    assert archived.missing_requirements is None


def test_code_can_be_compiled_in_the_same_process_afterwards(tmp_path: Path, index: Path) -> None:
    """As torch.compile does, with what setuptools puts in the place of distutils."""
    program = f"""
from pathlib import Path
from transformermodel_predictor.torchserve.reading.requirements import install_requirements
install_requirements(Path({str(tmp_path)!r}), "requirements.txt", Path({str(tmp_path / "packages")!r}), "a.mar")
import setuptools.command.build_ext
"""
    (tmp_path / "requirements.txt").write_text("")
    subprocess.run([sys.executable, "-c", program], check=True, timeout=100)
