"""The preparation of archives, the task Custom."""
