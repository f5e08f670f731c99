"""The contest: which candidates are built, how they compare with the reference, how fast they are, which is taken."""
