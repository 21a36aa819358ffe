-- User names and addresses are compared by their lower case, which both kinds of database can index.
create unique index account_username_lower on account (lower(username));
drop index account_email;
create unique index account_email on account (lower(email)) where deleted_at is null;
