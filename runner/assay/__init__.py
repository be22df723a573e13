"""The runner of assay: the command line and everything it does in Python."""
