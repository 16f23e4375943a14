"""Events on their way into the store."""
