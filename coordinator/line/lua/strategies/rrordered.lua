-- rrordered: as rrmemory, which keeps the order of being added anyhow.
strategies.rrordered = strategies.rrmemory
