"""What models do with text; one file per task."""
