"""The handler `dali_image_classifier`, which is not supported."""

from ts.torch_handler.dali_handler import DALIHandler


class DALIImageClassifier(DALIHandler):
    """Raises Unsupported when loaded."""
