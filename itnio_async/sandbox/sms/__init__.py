"""Text messages imitated: what is sent is delivered as time goes by, and some people reply."""
