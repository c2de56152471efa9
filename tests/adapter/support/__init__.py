"""A peer on each side of the adapter, played by the test."""
