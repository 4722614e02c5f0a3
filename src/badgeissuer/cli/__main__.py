"""`python -m badgeissuer.cli`."""

from badgeissuer import cli

cli.main()
