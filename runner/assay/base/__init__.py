"""What every room stands on: paths, exit codes, what went wrong."""
