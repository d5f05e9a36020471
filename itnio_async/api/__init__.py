"""A package a family of the API: its types, its codes, its checks, and its endpoints with their service."""
