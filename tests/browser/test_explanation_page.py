"""Pages of explanations, opened in a browser."""

from pathlib import Path

import httpx
import pytest

from tests.browser.chromium import Chromium
from tests.browser.conftest import TOKEN
from tests.browser.contrast import LEAST_CONTRAST, contrasts
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import RunningServer

HOSTILE = "i love </style><script>document.title='taken'</script> <img src=//evil.example/x> \"this\" שלום 😀 movie"


def page(server: RunningServer, name: str, instance: object, folder: Path) -> str:
    """The URL of a page as the server answered it, kept in a file with its policy."""
    response = httpx.post(
        f"{server.url}/v1/models/{name}:explain?format=html",
        json={"instances": [instance], "parameters": {"methods": "input_x_gradient,feature_ablation"}},
        headers={"authorization": f"Bearer {TOKEN}"},
        timeout=PATIENCE_SECONDS,
    )
    assert response.status_code == 200, response.text
    policy = response.headers["content-security-policy"].replace("; frame-ancestors 'none'", "")  # headers only
    file = folder / "page.html"
    meta = f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'
    file.write_text(response.text.replace("<head>", meta, 1), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_shaded_readably_and_nothing_is_run_or_fetched(
    browser: Chromium, server: RunningServer, scheme: str, tmp_path: Path
) -> None:
    browser.open(page(server, "sentiment", {"text": HOSTILE}, tmp_path), scheme)
    assert browser.texts("title") == ["Explanation: sentiment"]
    assert browser.texts(".passage", without="rt, rp") == [HOSTILE] * 2
    assert browser.find(".passage .for, .passage .against")
    assert browser.find(".method .chart .for, .method .chart .against")
    assert min(contrasts(browser).values()) >= LEAST_CONTRAST
    assert browser.complaints() == []
    assert browser.hosts() == {""}


def test_light_and_dark_differ(browser: Chromium, server: RunningServer, tmp_path: Path) -> None:
    url = page(server, "sentiment", {"text": "i love this movie"}, tmp_path)
    grounds = []
    for scheme in ("light", "dark"):
        browser.open(url, scheme)
        grounds.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]


def test_the_table_opens_by_keyboard_and_a_narrow_page_does_not_scroll_sideways(
    browser: Chromium, server: RunningServer, tmp_path: Path
) -> None:
    browser.open(page(server, "sentiment", {"text": HOSTILE}, tmp_path), width=360)
    browser.tab_to("summary")
    browser.press(" ")
    browser.wait_for("details[open] td.number")
    assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
