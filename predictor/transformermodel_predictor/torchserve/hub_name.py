"""What TorchServe's scripts and archives call a model, and where that is. Pure."""

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
"""Where the hub keeps models that had names without an organisation."""


def uri_of(name: str) -> str:
    """Where a model of the script's is: a folder, or a repository on the hub.

    Raises:
        ValueError: the name is one without an organisation that nobody knows.
    """
    if name.startswith((".", "/")):
        return f"file://{name}"
    if "/" in name:
        return f"hf://{name}"
    for pattern, organisation in _ORGANISATIONS.items():
        if re.fullmatch(pattern, name):
            return f"hf://{organisation}/{name}"
    raise ValueError(f"model_name {name!r} has no organisation: write it as on the hub, such as org/{name}")
