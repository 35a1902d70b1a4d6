"""Accounts, and what drivers are told: mails, notifications, answers to problems."""
