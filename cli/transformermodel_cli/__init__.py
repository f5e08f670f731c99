"""The command line. Loads the other packages only when a command needs them."""
