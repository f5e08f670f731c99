"""Text from language models: many sequences decoded together, each as if it were alone."""
