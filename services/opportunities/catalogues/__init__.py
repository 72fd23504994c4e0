"""Every code a form needs, with its names in Chinese and English."""
