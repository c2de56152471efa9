"""The API's paths, one module a kind of thing (DESIGN.md §5)."""
