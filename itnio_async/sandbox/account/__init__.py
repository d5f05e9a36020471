"""The account imitated: its balance."""
