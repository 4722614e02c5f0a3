"""The pages for staff, behind the door (`door`): every one needs a session, and every change the key of its forms."""
