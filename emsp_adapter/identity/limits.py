"""How long things are good for, and how large and how many they may be."""

from __future__ import annotations

from datetime import timedelta

ACCESS_TOKEN = timedelta(minutes=10)
ID_TOKEN = timedelta(minutes=10)
CODE = timedelta(seconds=60)
# Without use.
REFRESH_TOKEN = timedelta(days=30)
BROWSER_SESSION = timedelta(days=14)
SIGN_UP_LINK = timedelta(hours=24)
RESET_LINK = timedelta(hours=1)
EMAIL_LINK = timedelta(hours=24)
# What an operator hands over by another way.
INVITATION = timedelta(days=7)

# Wrong passwords for one e-mail address before nobody gets in with it for a while.
WRONG_PASSWORDS = 10
LOCKED = timedelta(minutes=15)

# A form: none of ours comes near.
FORM_BYTES = 16_384
# An authorization request that waits while somebody signs in stands in a URL and in a form.
PENDING_CHARACTERS = 4_096
FIELDS = 50

PASSWORD_CHARACTERS = (10, 200)
NAME_CHARACTERS = 100
