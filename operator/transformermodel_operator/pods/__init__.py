"""Reads the state of pods: those of Jobs, those of replicas, and what keeps either from running. Pure but for logs."""
