"""Hand-overs 交接 as a whole: accounts, open opportunities and planned visits go from one person to successors."""
