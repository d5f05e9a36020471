"""One call of the API: the request out, the answer in, attempts and deadline."""
