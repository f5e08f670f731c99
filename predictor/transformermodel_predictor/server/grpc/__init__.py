"""V2 over gRPC, on the same event loop as HTTP."""
