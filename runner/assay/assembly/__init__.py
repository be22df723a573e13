"""Assembly language, both ways."""
