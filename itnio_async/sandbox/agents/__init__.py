"""Agents imitated, and the credentials of their browser phones."""
