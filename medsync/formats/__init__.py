"""How Django itself writes times: as the screens do."""
