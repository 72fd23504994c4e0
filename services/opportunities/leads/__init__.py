"""Leads: enquiries by channel, assigned and disposed of; visitors counted; what a channel cost."""
