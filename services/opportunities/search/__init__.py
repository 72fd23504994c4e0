"""Finding records by what people remember of them."""
