"""The service from outside: what callers and clients see of it."""
