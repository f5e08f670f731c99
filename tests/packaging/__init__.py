"""What users install: the wheel, its dependencies, the images."""
