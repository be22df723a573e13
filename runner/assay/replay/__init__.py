"""Replaying cases and reporting verdicts."""
