"""What the operator tells Prometheus, under controller-runtime's names: its dashboards and alerts hold here too."""
