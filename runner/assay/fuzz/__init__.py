"""Fuzzing: the targets' inputs, and the campaigns that AFL++ and libFuzzer run on them."""
