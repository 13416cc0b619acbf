-- How long authors may recall and change their messages, in seconds. NULL: the server's default.
ALTER TABLE apps ADD COLUMN recall_window_s BIGINT;
ALTER TABLE apps ADD COLUMN edit_window_s BIGINT;
