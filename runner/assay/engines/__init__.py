"""Engines: by name, behind a pipe, and the specification as one."""
