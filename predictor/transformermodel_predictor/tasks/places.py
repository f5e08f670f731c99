"""Places in a text, as Unicode code points. Pure."""


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A place without the space around it, which some tokenizers count to the next word; empty where all is space."""
    part = text[start:end].rstrip()
    return end - len(text[start:end].lstrip()) if part else start, start + len(part)
