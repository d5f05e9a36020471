"""Voice messages and phones imitated: sound files, calls, and the records that they leave."""
