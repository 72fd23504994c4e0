"""Assessment, commission, appeal (考核)."""
