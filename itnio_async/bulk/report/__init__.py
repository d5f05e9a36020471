"""What became of a job's rows: counted and explained, as text and as a page."""
