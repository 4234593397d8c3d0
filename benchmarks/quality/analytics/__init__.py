"""How good the analytics are, each beside the methods it has to beat, on the same rows."""
