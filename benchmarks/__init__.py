"""The SDK and its peers side by side in one run: `python -m benchmarks call` and `python -m benchmarks import`."""
