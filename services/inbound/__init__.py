"""What ERP, DMS and the manufacturer's portal tell, by their own references: a module per noun. Holds no rule.

Every fact goes through the command of its record. Only the service that holds the records serves the noun.
"""
