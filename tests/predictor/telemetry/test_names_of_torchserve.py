"""docs/torchserve-api.md: what took the place of TorchServe's own metrics."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def names(page: str) -> set[str]:
    return set(re.findall(r"`(transformermodel_\w+)", (DOCS / page).read_text(encoding="utf-8")))


def test_the_metrics_that_dashboards_of_torchserve_are_pointed_to_are_those_of_the_server() -> None:
    """The other page is made from the server's metrics, which `make check` sees to."""
    pointed_to = names("torchserve-api.md")
    assert {"transformermodel_requests_total", "transformermodel_queue_time_seconds"} <= pointed_to
    assert pointed_to <= names("server.md")
