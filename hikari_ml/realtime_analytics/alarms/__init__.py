"""What is unusual: single messages, stretches of the stream, and any series of numbers."""
