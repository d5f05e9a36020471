"""Group calls imitated: tasks that call their numbers as time goes by, and the redials that follow them."""
