"""A package for each family of the API: its types, its codes, its checks, and its endpoints with their service."""
