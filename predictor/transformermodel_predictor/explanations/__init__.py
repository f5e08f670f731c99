"""Why a model answered as it did: attributions of an answer to the tokens of its question."""
