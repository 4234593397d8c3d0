"""Pages of a replay and of a memory: one HTML file each, that needs nothing else."""
