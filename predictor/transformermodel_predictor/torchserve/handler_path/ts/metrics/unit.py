"""Names of units."""


class Units:
    """The units that metrics may have, by their short names; any other text is used unchanged."""

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
