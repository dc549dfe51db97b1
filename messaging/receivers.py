"""What this room does when the rooms below change."""
