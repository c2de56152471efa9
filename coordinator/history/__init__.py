"""What has happened, kept in SQL: written from the journal, never read to decide."""
