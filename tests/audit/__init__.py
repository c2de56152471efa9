"""The checker and the explanations: by hand, by mutation, and on the engine's own journals."""
