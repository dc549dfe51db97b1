"""Numbers that cannot send for now: what every page says of it, and what owners and Managers are told."""
