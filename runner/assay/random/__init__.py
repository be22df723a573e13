"""Random programs and kernel work."""
