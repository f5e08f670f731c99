import os

import pytest

from tests.chart.chart import HELM, Chart


@pytest.fixture(scope="session")
def chart() -> Chart:
    if not HELM.is_file():
        reason = f"{HELM} is missing: `python -m tests.cluster.install` builds it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Chart(HELM)
