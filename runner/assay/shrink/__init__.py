"""Makes a failing case as small as it gets."""
