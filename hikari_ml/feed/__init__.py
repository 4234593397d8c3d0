"""The WebSocket feed: state as snapshot and deltas, events in between, and an honest resume."""
