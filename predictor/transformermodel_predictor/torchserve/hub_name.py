"""Resolves the model names in TorchServe's scripts and archives to uris. Pure."""

import re

_ORGANISATIONS = {
    r"(distilbert|distilgpt2|distilroberta)\b.*": "distilbert",
    r"bert-.*": "google-bert",
    r"(roberta|xlm-roberta)-.*": "FacebookAI",
    r"(gpt2|openai-gpt)\b.*": "openai-community",
    r"albert-.*": "albert",
    r"t5-.*": "google-t5",
    r"xlnet-.*": "xlnet",
    r"xlm-.*": "FacebookAI",
    r"camembert-base": "almanach",
}
"""The hub's organisations of models that used to have names without one."""


def uri_of(name: str) -> str:
    """The uri of a model: of a folder, or of a repository on the hub.

    Raises:
        ValueError: the name has no organisation, and none is known for it.
    """
    if name.startswith((".", "/")):
        return f"file://{name}"
    if "/" in name:
        return f"hf://{name}"
    for pattern, organisation in _ORGANISATIONS.items():
        if re.fullmatch(pattern, name):
            return f"hf://{organisation}/{name}"
    raise ValueError(f"model_name {name!r} has no organisation: write it as on the hub, such as org/{name}")
