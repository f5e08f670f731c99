"""Words for units."""


class Units:
    """The units that metrics may have, by their short words; any other text is taken as it is."""

    def __init__(self) -> None:
        self.units: dict[str | None, str] = {
            "ms": "Milliseconds",
            "s": "Seconds",
            "B": "Bytes",
            "kB": "Kilobytes",
            "MB": "Megabytes",
            "GB": "Gigabytes",
            "percent": "Percent",
            "count": "Count",
            "": "unit",
            None: "unit",
        }
