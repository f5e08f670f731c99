"""Offsets in a text, in Unicode code points. Pure."""


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Offsets without surrounding whitespace, which some tokenizers count to the next word; empty if all is space."""
    part = text[start:end].rstrip()
    return end - len(text[start:end].lstrip()) if part else start, start + len(part)
