"""`transformermodel operator`: watch a cluster."""


def command() -> None:
    """Run the operator in a cluster. The chart sets its environment variables."""
    import os

    from transformermodel_operator.main import run
    from transformermodel_operator.settings import Settings

    run(Settings.from_environment(os.environ))
