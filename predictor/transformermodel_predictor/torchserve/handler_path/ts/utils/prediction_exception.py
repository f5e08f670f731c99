"""The exception that handlers raise to choose the response's status."""


class PredictionException(Exception):
    """Answers the batch with a status and a message.

    Args:
        message: for the client.
        error_code: the HTTP status.
    """

    def __init__(self, message: str, error_code: int = 500) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code

    def __str__(self) -> str:
        return f"{self.message} : {self.error_code}"
