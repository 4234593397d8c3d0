"""The live page: what a streamer watches while the stream runs."""
