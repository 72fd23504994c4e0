"""Reports: reads over several views, each a function of a connection, a question and an explicit instant."""
