"""What handlers use beside their base class."""
