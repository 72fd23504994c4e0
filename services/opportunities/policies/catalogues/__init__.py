"""Rules and words shipped with the product, as data. A tenant publishes its own over them."""
