"""One past year of a region, told over HTTP, and recomputed from its facts in plain Python. No product code."""
