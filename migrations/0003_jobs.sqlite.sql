-- The queue on SQLite. On PostgreSQL the queue is pg-boss, in a schema of its own that it keeps itself.

create table job (
  id text primary key,
  kind text not null,
  key text not null,
  payload text not null,
  run_at bigint not null,
  state text not null check (state in ('waiting', 'running', 'dead')),
  attempt integer not null,
  leased_until bigint,
  because text
);
create unique index job_waiting_once on job (kind, key) where state = 'waiting';
create index job_due on job (run_at, id) where state = 'waiting';
create index job_leased on job (leased_until) where state = 'running';
create index job_state on job (state, kind, run_at);
