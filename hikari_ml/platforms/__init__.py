"""Where chat comes from: recordings and the simulator."""
