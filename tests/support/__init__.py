"""What several test modules lean on: made-up values, a scripted transport, a raw server."""
