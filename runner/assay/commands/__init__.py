"""The commands. Each module has one click command called `command`."""
