"""docs/migrating-from-torchserve.md: the commands and manifests that stand there."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent.joinpath("docs", "migrating-from-torchserve.md").read_text(encoding="utf-8")

_FENCED = re.compile(r"```yaml\n(.*?)```", re.DOTALL)

INFERENCE_SERVICE, CUSTOM_MODEL, NATIVE_MODEL = _FENCED.findall(PAGE)
"""The manifests, in YAML."""

COMMANDS = [line.strip() for line in _FENCED.sub("", PAGE).splitlines() if line.startswith("    ")]
"""The lines that are set in as code."""


def line_with(word: str) -> str:
    """The only command that has a word in it."""
    (line,) = (command for command in COMMANDS if word in command)
    return line
