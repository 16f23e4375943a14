"""For whoever changes a policy: what is wrong with it, and what it would do; `policy.py` reads what is in force."""
