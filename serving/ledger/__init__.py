"""The ledger: every movement of money that the platform promised, paid first, got back or holds, booked once."""
