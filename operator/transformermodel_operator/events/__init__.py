"""Events, told to the API server beside the work."""
