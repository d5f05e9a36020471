"""What a file says about trunks: its columns, the changes its rows ask for, and what the account has."""
