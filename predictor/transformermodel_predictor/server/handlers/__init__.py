"""Models that run somebody's handler, at the URLs of every protocol."""
