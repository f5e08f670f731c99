"""Prometheus metrics under controller-runtime's names, so that its dashboards and alerts apply to the operator too."""
