"""Old decisions, run again from what was known then."""
