"""What pods say of themselves: of Jobs, of replicas, and of what keeps them from running."""
