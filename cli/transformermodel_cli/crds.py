"""`transformermodel crds`: print the CustomResourceDefinition."""

import sys


def command() -> None:
    """Print the CustomResourceDefinition.

    It is applied with `transformermodel crds | kubectl apply -f -`.
    """
    from transformermodel_api.generate import crd_yaml

    sys.stdout.write(crd_yaml())
