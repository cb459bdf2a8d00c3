// Suggestions may repeat again. Those that were removed stay removed, unless the migration itself failed: then they are put back.

DROP CONSTRAINT haa_pair IF EXISTS;
