"""The processes in which handlers run, as the server sees them: started, asked in batches, watched and replaced."""
