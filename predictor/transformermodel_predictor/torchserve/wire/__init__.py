"""What server and workers say to each other: MessagePack behind a length, over a socket pair. Imports nothing heavy."""
