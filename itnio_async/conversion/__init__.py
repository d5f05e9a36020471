"""How single values go to and from JSON: what a type is, how it is sent, and how it is read."""
