"""Complaints: how one comes in, who reads it, what is kept of it, and what becomes of it as an event."""
