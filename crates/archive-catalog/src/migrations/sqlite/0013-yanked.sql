-- Why a package was taken out of a suite whose file stays: such a placement is not forgotten. Null: it was not yanked.
alter table placement add column yanked text;
