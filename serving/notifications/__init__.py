"""What others are told, and how it reaches them."""
