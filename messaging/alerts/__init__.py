"""Telling staff outside of the page: what to tell is found in live rows, each thing is told once, and without names."""
