"""Names of headers that several protocols share, in lower case."""

REQUEST_ID = "x-request-id"
"""The client's id for its request, echoed in the answer."""

TRUNCATED_TOKENS = "x-truncated-tokens"
"""Number of truncated tokens, for answers whose body has no place for it."""
