"""Files that mean harm, made by code: what each does, and the one clear line that answers it."""
