-- What is in the audit stays as it is, whoever asks.

create trigger audit_no_update before update on audit
begin
  select raise(abort, 'the audit is append-only');
end;

create trigger audit_no_delete before delete on audit
begin
  select raise(abort, 'the audit is append-only');
end;

-- "insert or replace" deletes without asking the trigger above.
create trigger audit_no_replace before insert on audit
when exists (select 1 from audit where seq = new.seq)
begin
  select raise(abort, 'the audit is append-only');
end;
