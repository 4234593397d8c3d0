"""The people of a channel: who they are, what they do, who comes back, and who is no person."""
