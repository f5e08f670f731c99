"""Names of headers that several protocols share; in lower case, as they come."""

REQUEST_ID = "x-request-id"
"""What the client calls its request; the answer has it too."""

TRUNCATED_TOKENS = "x-truncated-tokens"
"""Where answers without a place for it say how many tokens the model did not see."""
