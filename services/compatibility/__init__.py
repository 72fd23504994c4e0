"""What the code of today publishes, held against what was recorded: `python -m services.compatibility`."""
