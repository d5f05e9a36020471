"""The journal of a job: what became of every row, on the disk before and after it is sent."""
