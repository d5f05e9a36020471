"""A job: what is left of a plan is sent, noted in the journal, and accounted for."""
