"""One channel: what happens to a message on its way through analyser, memory and analytics."""
