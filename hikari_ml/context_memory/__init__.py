"""What is worth remembering: three tiers over one durable store, recalled by meaning and by word."""
