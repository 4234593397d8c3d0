"""A memory that many processes share: PostgreSQL with pgvector."""
