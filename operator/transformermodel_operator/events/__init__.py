"""Records Kubernetes events about models."""
