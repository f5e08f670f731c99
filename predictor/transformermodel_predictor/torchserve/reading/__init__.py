"""From an archive, a folder or a store of TorchServe's to what its workers are started from."""
