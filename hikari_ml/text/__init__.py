"""What is known of chat text before any model sees it: pure functions and small lexicons."""
