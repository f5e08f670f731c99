"""What can be explained of each task's answers; one file per task."""
