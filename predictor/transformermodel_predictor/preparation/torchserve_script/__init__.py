"""What TorchServe's preparation script reads and leaves: its configuration, its folders, its traced graphs."""
