"""Personal data as a whole: rights of the person, erasure. Joins the rules of several services; holds no other rule."""
