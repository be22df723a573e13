"""How the project checks itself."""
