"""How good the analytics are, measured."""
