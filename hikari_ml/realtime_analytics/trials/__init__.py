"""What works better: experiments on titles, scenes and games, and content placed among its like."""
