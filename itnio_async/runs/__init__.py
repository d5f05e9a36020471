"""Many calls of one endpoint: a fixed number of workers, each item with an outcome of its own."""
