"""What the lab refuses, as one clear sentence."""


class LabError(Exception):
    """The lab cannot do what was asked; the text says why and what to do."""
