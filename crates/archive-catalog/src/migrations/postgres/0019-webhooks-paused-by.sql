-- Who paused a webhook; null: the server did, because nothing arrived or too much waited.
alter table webhook add column paused_by text;
update webhook set paused_by = substr(paused_reason, 11) where paused_reason like 'paused by %';
