"""Rules of the tenant, published with a day they hold from: levels, reasons, approvals, words."""
