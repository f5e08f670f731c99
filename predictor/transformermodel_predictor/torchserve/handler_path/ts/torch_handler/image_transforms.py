"""What images go through before a model, where a handler does not say otherwise."""

from collections.abc import Callable
from typing import Any

from ts.torch_handler.missing_package import require

MEAN = (0.485, 0.456, 0.406)
"""Of ImageNet's red, green and blue."""

DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue."""


class Transforms:
    """A class's attribute that needs torchvision when it is first read, and not when the class is made.

    Args:
        make: makes the transform from the module `torchvision.transforms`.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __get__(self, instance: object, owner: type) -> Any:
        if self._made is None:
            self._made = self._make(require("torchvision.transforms", f"{owner.__name__}.image_processing"))
        return self._made


def for_classification(transforms: Any) -> Any:
    """Images of 224 by 224 pixels in ImageNet's colours."""
    return transforms.Compose(
        [
            coloured,
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean=MEAN, std=DEVIATION),
        ]
    )


def for_detection(transforms: Any) -> Any:
    """Images in their own size."""
    return transforms.Compose([coloured, transforms.ToTensor()])


def coloured(image: Any) -> Any:
    """An image in red, green and blue, which a grey one, a palette's or one with transparency is not."""
    return image.convert("RGB")
