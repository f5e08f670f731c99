"""One real Kubernetes node with KServe's controller, in namespaces of its own: network, mounts and processes."""
