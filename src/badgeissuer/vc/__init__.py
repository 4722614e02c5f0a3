"""W3C Verifiable Credentials and Data Integrity. Knows nothing of badges, touches nothing outside its arguments."""
