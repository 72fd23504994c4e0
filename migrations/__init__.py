"""Schema migrations: expand first, contract later. View tables are not here: the projections runtime makes them."""
