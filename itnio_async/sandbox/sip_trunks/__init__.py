"""SIP trunks imitated, and the agent groups that they are bound to."""
