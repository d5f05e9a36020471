"""One-time codes imitated, with the applications, templates and flows that they are made by."""
