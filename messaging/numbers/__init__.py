"""The clinic's numbers: connecting one step by step, ticks that appear by themselves, how each is doing."""
