"""What solutions, bids, negotiations and contracts share: steps, rights with limits, pages and lists."""
