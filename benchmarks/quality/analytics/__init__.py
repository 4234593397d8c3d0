"""How well the analytics work, measured on public data."""
