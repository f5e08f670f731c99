"""From a request to a published artifact: resolve, acquire, merge, build, test, publish."""
