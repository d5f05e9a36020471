"""What a file of trunks would change in the account, worked out before anything is sent."""
