"""What a message says, and how the chat has been feeling: sentiment, emotion, toxicity, context, advice."""
