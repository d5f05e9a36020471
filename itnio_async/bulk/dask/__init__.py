"""The calls of a job spread over the workers of a Dask cluster."""
