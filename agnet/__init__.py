"""agnet: neural architecture search with few evaluations."""

__version__ = "0.1.0"
