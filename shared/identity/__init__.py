"""Who is asking, and what they may see. Knows no business word but the functions of an organisation."""
