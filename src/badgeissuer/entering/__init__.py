"""Ways in for people with accounts: an OpenID provider, and a link by e-mail.

Both begin and end in the same browser, which is known by a secret in a cookie (`browser`). So nobody can have another person's browser
finish what they began themselves, and a link or a code that somebody else gets hold of is of no use to them.
"""
