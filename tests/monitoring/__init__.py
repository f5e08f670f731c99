"""Rules, dashboards and runbooks: against Prometheus' own programs, and the metrics that are really exported."""
