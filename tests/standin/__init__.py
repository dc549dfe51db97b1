"""Doubles of the outside world that speak its wire formats."""
