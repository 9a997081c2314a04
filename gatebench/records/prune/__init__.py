"""Files that nothing needs any more: found, measured, and removed if the user says so."""
