"""The commands of the API's families, made from their calls: a call that a family gains is a command at once."""
