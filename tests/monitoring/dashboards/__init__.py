"""The dashboards of the chart: what is on them is decided here."""

from tests.monitoring.dashboards.models import MODELS
from tests.monitoring.dashboards.operator import OPERATOR

DASHBOARDS = (OPERATOR, MODELS)
