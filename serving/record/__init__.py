"""The audit record: who did what, sealed; what proves it, and what may be dropped or forgotten."""
