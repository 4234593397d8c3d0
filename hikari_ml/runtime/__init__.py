"""Where async meets blocking work, how services live and end, and what time it is."""
