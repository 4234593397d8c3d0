"""Where chat comes from: Twitch, YouTube, JSON lines, recordings and the simulator."""
