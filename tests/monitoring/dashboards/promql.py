"""What most panels ask for, with Grafana's variables in it."""

from tests.monitoring.dashboards.grafana import Query

WINDOW = "[$__rate_interval]"


def rate(metric: str, selector: str, by: str) -> str:
    """How fast a counter grows, in its unit a second."""
    return f"sum by ({by}) (rate({metric}{{{selector}}}{WINDOW}))"


def mean(histogram: str, selector: str, by: str) -> str:
    """The mean of what a histogram has observed."""
    return f"{rate(f'{histogram}_sum', selector, by)} / {rate(f'{histogram}_count', selector, by)}"


def quantiles(histogram: str, selector: str, *quantiles: float, by: str = "") -> tuple[Query, ...]:
    """Some quantiles of what a histogram has observed, a line each."""
    buckets = rate(f"{histogram}_bucket", selector, f"{by}, le".lstrip(", "))
    of = f" {{{{{by}}}}}" if by else ""
    return tuple(
        Query(f"histogram_quantile({quantile}, {buckets})", f"p{quantile * 100:g}{of}") for quantile in quantiles
    )
