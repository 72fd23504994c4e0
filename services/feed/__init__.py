"""What the feed must know of the business: whose records the streams are."""
