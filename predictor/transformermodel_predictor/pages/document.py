"""A whole HTML document in one file, and the policy that holds the browser to it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from transformermodel_predictor.pages.markup import Markup, element

_ICON = "data:,"
"""No picture, so that browsers ask for none."""


@dataclass(frozen=True)
class Document:
    """A page as it is sent.

    Attributes:
        html: all of it; it names no other file.
        headers: what must go with it: a policy that lets the browser run and load nothing but what is in the page.
    """

    html: str
    headers: Mapping[str, str]


@cache
def asset(name: str) -> Markup:
    """A style sheet or script of this package, as it stands in an element.

    Raises:
        ValueError: it would end the element that it stands in.
    """
    text = (files(__package__) / name).read_text(encoding="utf-8")
    if "</" in text:
        raise ValueError(f"{name} must not contain </")
    return Markup(text)


def document(title: str, body: Markup, styles: tuple[str, ...], script: str | None = None) -> Document:
    """A page.

    Args:
        title: what the browser calls it.
        body: its content.
        styles: names of the package's style sheets.
        script: name of the package's script; where there is none the page cannot run any, nor ask any server.
    """
    sheets = [asset(name) for name in styles]
    code = asset(script) if script else None
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href=_ICON),
        element("title", title),
        *(element("style", sheet) for sheet in sheets),
    )
    ending = element("script", code) if code else Markup()
    page = element("html", head, element("body", body, ending), lang="en")
    return Document(f"<!DOCTYPE html>\n{page}\n", _headers(sheets, code))


def _headers(sheets: Sequence[Markup], code: Markup | None) -> Mapping[str, str]:
    policy = [
        "default-src 'none'",
        f"style-src {' '.join(map(_digest, sheets))}",
        "img-src data:",
        *([] if code is None else [f"script-src {_digest(code)}", "connect-src 'self'"]),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return {
        "content-security-policy": "; ".join(policy),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }


def _digest(text: str) -> str:
    """As policies name a text that may be used."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
