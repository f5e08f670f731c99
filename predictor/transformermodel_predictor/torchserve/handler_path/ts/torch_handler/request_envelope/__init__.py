"""Forms of requests and answers that handlers need not know: one module for each, which archives and settings name."""
