"""Texts that WhatsApp has approved: which one goes for what, what it is filled with, where it stands."""
