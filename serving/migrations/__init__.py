"""How the store's tables came to be, step by step (Alembic); this floor sees the tables of all."""
