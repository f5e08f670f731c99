"""What is said where a command needs packages that are not installed."""

import subprocess
import sys

import pytest

from transformermodel_cli.extras import not_installed

WITHOUT_KOPF = "import sys; sys.modules['kopf'] = None; from transformermodel_cli.entry import run; run()"


def test_the_operator_without_its_packages_says_what_to_install() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", WITHOUT_KOPF, "operator"], capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (
        2,
        "error: kopf is not installed, which this command needs: pip install 'transformermodel[operator]'\n",
    )


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("kubernetes.aio", "operator"),
        ("torch", "predictor"),
        ("huggingface_hub", "predictor"),
        ("msgspec", "predictor"),
    ],
)
def test_each_module_of_an_extra_is_known(module: str, extra: str) -> None:
    said = not_installed(ModuleNotFoundError(name=module))
    assert said is not None
    assert f"[{extra}]" in str(said)


@pytest.mark.parametrize("module", ["transformermodel_cli.nowhere", "typer", None])
def test_a_module_of_none_is_a_fault_of_ours(module: str | None) -> None:
    assert not_installed(ModuleNotFoundError(name=module)) is None
