"""Numbers imitated: their settings, calls and pools, and phones that are bound for a time."""
