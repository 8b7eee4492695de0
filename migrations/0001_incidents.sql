-- The same statements for SQLite and PostgreSQL: ids are text made by the program, times are milliseconds since the
-- epoch, `doc` is the JSON of the domain object. A column beside it is there because a query or a guard needs it.

create table delivery (
  id text primary key,
  connector text not null,
  dedupe_key text not null,
  received_at bigint not null,
  state text not null check (state in ('stored', 'handled', 'unreadable')),
  fault text,
  doc text not null,
  parsed text not null,
  unique (connector, dedupe_key)
);
create index delivery_unreadable on delivery (received_at) where state = 'unreadable';

create table incident (
  id text primary key,
  rev integer not null,
  open integer not null check (open in (0, 1)),
  opened_at bigint not null,
  doc text not null
);
create index incident_opened on incident (opened_at, id);
create index incident_open on incident (opened_at, id) where open = 1;

create table alert (
  fingerprint text not null,
  starts_at bigint not null,
  incident_id text not null references incident (id),
  doc text not null,
  primary key (fingerprint, starts_at)
);
create index alert_incident on alert (incident_id, starts_at);

create table change (
  id text primary key,
  at bigint not null,
  doc text not null
);
create index change_at on change (at, id);

create table diagnosis (
  incident_id text not null references incident (id),
  version integer not null,
  doc text not null,
  primary key (incident_id, version)
);

create table proposal (
  id text primary key,
  incident_id text not null references incident (id),
  state text not null check (state in ('pending', 'approved', 'rejected', 'expired', 'superseded', 'cancelled')),
  ended_because text,
  created_at bigint not null,
  doc text not null
);
create index proposal_incident on proposal (incident_id, created_at);
create index proposal_state on proposal (state, created_at);

create table decision (
  id text primary key,
  proposal_id text not null references proposal (id),
  digest text not null,
  verdict text not null check (verdict in ('approved', 'rejected')),
  person text not null,
  at bigint not null,
  doc text not null
);
create index decision_proposal on decision (proposal_id, at);
create unique index decision_once on decision (proposal_id, digest, person) where verdict = 'approved';

create table execution (
  id text primary key,
  proposal_id text not null references proposal (id),
  incident_id text not null references incident (id),
  epoch integer not null,
  active integer not null check (active in (0, 1)),
  started_at bigint not null,
  doc text not null
);
create index execution_incident on execution (incident_id, started_at);
create index execution_active on execution (started_at) where active = 1;

create table target_lock (
  target text primary key,
  execution_id text not null references execution (id)
);
create index target_lock_execution on target_lock (execution_id);

create table timeline (
  incident_id text not null references incident (id),
  seq integer not null,
  doc text not null,
  primary key (incident_id, seq)
);

create table audit (
  seq bigint primary key,
  at bigint not null,
  actor text not null,
  action text not null,
  incident_id text,
  proposal_id text,
  digest text,
  detail text not null,
  prev_hash text not null,
  hash text not null
);

create table message (
  incident_id text not null references incident (id),
  key text not null,
  seq integer not null,
  rev integer not null,
  published_rev integer not null,
  channel text,
  ts text,
  sending_since bigint,
  updated_at bigint not null,
  content_digest text not null,
  doc text not null,
  primary key (incident_id, key),
  unique (incident_id, seq)
);

create table note (
  name text primary key,
  value text not null
);
