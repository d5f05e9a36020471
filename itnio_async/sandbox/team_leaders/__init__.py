"""Team leaders imitated."""
