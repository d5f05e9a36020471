"""Call records imitated: the calls that tasks have made."""
