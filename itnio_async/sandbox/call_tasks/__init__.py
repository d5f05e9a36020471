"""Call tasks imitated: sheets of numbers, and the calls that are made to them as time goes by."""
