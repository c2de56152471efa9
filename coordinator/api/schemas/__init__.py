"""What goes in and out of the API, one module a kind of thing."""
