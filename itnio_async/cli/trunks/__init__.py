"""`itnio trunks`: a module for each command, and what these have in common."""
