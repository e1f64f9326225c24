// SPDX-License-Identifier: Apache-2.0
#include "store/impl/migrations.hpp"

#include "base/log.hpp"

namespace rescue::store::impl {
namespace {

// Times are microseconds since 1970 (UTC), ids 16-byte blobs, flags 0 or 1.
constexpr const char* kInitial = R"sql(
CREATE TABLE groups (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  name TEXT NOT NULL UNIQUE,
  is_default INTEGER NOT NULL,
  permissions INTEGER NOT NULL,
  single_prompt INTEGER NOT NULL,
  force_recording INTEGER NOT NULL,
  require_sas INTEGER NOT NULL,
  omit_chat_text INTEGER NOT NULL,
  consent_timeout_s INTEGER NOT NULL,
  inactivity_timeout_s INTEGER NOT NULL,
  allowed_networks TEXT NOT NULL              -- CIDRs, one a line
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX groups_default ON groups (is_default) WHERE is_default = 1;
-- All permissions but windows_credentials (bit 10).
INSERT INTO groups VALUES (x'00000000000040008000000000000001', 'technicians', 1, 7167, 0, 0, 0, 0, 60, 1800, '');

CREATE TABLE users (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  email TEXT NOT NULL,
  email_key TEXT UNIQUE,                      -- lower case; NULL once removed
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('technician', 'administrator', 'auditor')),
  group_id BLOB NOT NULL REFERENCES groups (id),
  password_hash TEXT NOT NULL,
  must_change_password INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  failed_sign_ins INTEGER NOT NULL,
  locked_at INTEGER,
  created_at INTEGER NOT NULL,
  password_changed_at INTEGER,
  last_login_at INTEGER,
  removed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  user_id BLOB NOT NULL REFERENCES users (id),
  device TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE devices (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  user_id BLOB NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  revoked_at INTEGER,
  UNIQUE (user_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  guid_id BLOB NOT NULL UNIQUE CHECK (length(guid_id) = 32),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  customer TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by BLOB NOT NULL REFERENCES users (id),
  technician BLOB REFERENCES users (id),
  owner BLOB NOT NULL GENERATED ALWAYS AS (coalesce(technician, created_by)) VIRTUAL,
  generation INTEGER NOT NULL,
  state_since INTEGER NOT NULL,
  pin_expires_at INTEGER,
  ended_at INTEGER,
  ended_by TEXT NOT NULL,
  end_reason TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_newest ON sessions (created_at, id);
CREATE INDEX sessions_owner ON sessions (owner, created_at, id);
CREATE INDEX sessions_live ON sessions (state, state_since) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_newest ON sessions (created_at, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_owner ON sessions (owner, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_pin ON sessions (pin_expires_at) WHERE ended_at IS NULL AND pin_expires_at IS NOT NULL;

CREATE TABLE applet_keys (
  session_id BLOB PRIMARY KEY REFERENCES sessions (id),
  fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 32),
  spki BLOB NOT NULL,
  host_name TEXT NOT NULL,
  host_os TEXT NOT NULL,
  host_user TEXT NOT NULL,
  version TEXT NOT NULL,
  address TEXT NOT NULL,
  registered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pins (
  session_id BLOB PRIMARY KEY REFERENCES sessions (id),
  pin_id BLOB NOT NULL UNIQUE CHECK (length(pin_id) = 32),
  guid_salt BLOB NOT NULL,
  digits INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  redeemed_at INTEGER,
  spent_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX pins_expiry ON pins (expires_at);

CREATE TABLE grants (
  session_id BLOB NOT NULL REFERENCES sessions (id),
  generation INTEGER NOT NULL,
  technician BLOB NOT NULL REFERENCES users (id),
  console_fingerprint BLOB NOT NULL CHECK (length(console_fingerprint) = 32),
  console_spki BLOB NOT NULL,
  permissions INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  lease_until INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (session_id, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_technician ON grants (technician) WHERE revoked_at IS NULL;

CREATE TABLE gateways (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  name TEXT NOT NULL,
  addresses TEXT NOT NULL,                    -- host:port, one a line
  spki BLOB NOT NULL,
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
  server_fingerprint BLOB NOT NULL CHECK (length(server_fingerprint) = 32),
  enrolled_at INTEGER NOT NULL,
  draining INTEGER NOT NULL,
  last_seen_at INTEGER,
  removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX gateways_name ON gateways (name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX gateways_key ON gateways (fingerprint) WHERE removed_at IS NULL;

CREATE TABLE enrolment_tokens (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  gateway_name TEXT NOT NULL,
  created_by BLOB NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;

-- No references: the log outlives what it speaks of. session and origin are 16 zero bytes where there is none.
CREATE TABLE log_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session BLOB NOT NULL CHECK (length(session) = 16),
  technician BLOB,
  source TEXT NOT NULL,
  origin BLOB NOT NULL CHECK (length(origin) = 16),
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  server_time INTEGER NOT NULL,
  type TEXT NOT NULL,
  actor TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX log_seq ON log_events (session, source, origin, seq);
CREATE INDEX log_session ON log_events (session);
CREATE INDEX log_technician ON log_events (technician) WHERE technician IS NOT NULL;
CREATE INDEX log_type ON log_events (type);
CREATE INDEX log_server_time ON log_events (server_time);
-- Chat and notes. `tags` holds "s" + session and "t" + technician in hex: a filter inside the index answers "this word, this
-- technician" without visiting every hit of the word. Contentless: the text itself is in log_events.data alone.
CREATE VIRTUAL TABLE log_text USING fts5 (
  text, tags, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);
)sql";

// Groups, channels, roles, second factors, invitations, single sign-on.
constexpr const char* kAccounts = R"sql(
ALTER TABLE groups ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN require_mfa INTEGER NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN require_sso INTEGER NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;

CREATE TABLE users_new (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  email TEXT NOT NULL,
  email_key TEXT UNIQUE,                      -- lower case; NULL once removed
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('technician', 'group_administrator', 'administrator', 'auditor', 'service')),
  group_id BLOB NOT NULL REFERENCES groups (id),
  password_hash TEXT NOT NULL,
  must_change_password INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  failed_sign_ins INTEGER NOT NULL,
  locked_at INTEGER,
  created_at INTEGER NOT NULL,
  password_changed_at INTEGER,
  last_login_at INTEGER,
  removed_at INTEGER,
  allowed_networks TEXT NOT NULL,             -- CIDRs, one a line
  sso_id TEXT UNIQUE,                         -- NULL: none, or removed
  sso_disabled INTEGER NOT NULL,
  totp_secret BLOB NOT NULL,                  -- sealed; empty: none
  totp_confirmed_at INTEGER,
  totp_last_step INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO users_new SELECT id, email, email_key, name, role, group_id, password_hash, must_change_password, disabled,
  failed_sign_ins, locked_at, created_at, password_changed_at, last_login_at, removed_at, '', NULL, 0, x'', NULL, 0
  FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
CREATE INDEX users_group ON users (group_id, email_key);
CREATE INDEX users_with_password ON users (id) WHERE password_hash <> '';
-- Whoever has the broker's own machine. Never signs in, is in no list, and rows that it made can name it.
INSERT INTO users VALUES (x'00000000000040008000000000000002', 'local administrator', NULL, 'local administrator',
  'administrator', x'00000000000040008000000000000001', '', 0, 0, 0, NULL, 0, NULL, NULL, 0, '', NULL, 0, x'', NULL, 0);

CREATE TABLE tokens_new (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  user_id BLOB NOT NULL REFERENCES users (id),
  device TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),  -- names it in lists and log
  kind TEXT NOT NULL CHECK (kind IN ('sign_in', 'api')),
  scopes TEXT NOT NULL,                       -- of an API token, one a line
  address TEXT NOT NULL,                      -- where it was made
  last_used_at INTEGER NOT NULL,
  must_enrol_mfa INTEGER NOT NULL             -- its owner has to set up a second factor first
) STRICT, WITHOUT ROWID;
INSERT INTO tokens_new SELECT hash, user_id, device, created_at, expires_at, revoked_at, randomblob(16), 'sign_in', '',
  '', created_at, 0 FROM tokens;
DROP TABLE tokens;
ALTER TABLE tokens_new RENAME TO tokens;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_expiry ON tokens (expires_at);
ALTER TABLE grants ADD COLUMN sign_in BLOB;   -- id of the token it was picked up or renewed with
CREATE INDEX grants_sign_in ON grants (sign_in) WHERE revoked_at IS NULL;

CREATE TABLE channels (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE channel_groups (
  channel_id BLOB NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
  PRIMARY KEY (channel_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_groups_group ON channel_groups (group_id);

CREATE TABLE password_history (
  user_id BLOB NOT NULL REFERENCES users (id),
  changed_at INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (user_id, changed_at, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
  user_id BLOB NOT NULL REFERENCES users (id),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  used_at INTEGER,
  PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- Networks from which an account has signed in, or failed to.
CREATE TABLE sign_in_networks (
  user_id BLOB NOT NULL REFERENCES users (id),
  network TEXT NOT NULL,
  succeeded_at INTEGER,
  failures INTEGER NOT NULL,
  failed_at INTEGER,
  PRIMARY KEY (user_id, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  user_id BLOB NOT NULL REFERENCES users (id),
  created_by BLOB NOT NULL REFERENCES users (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_user ON invitations (user_id);

-- Sign-ins at an identity provider that were begun here, by the ID of the request.
CREATE TABLE sso_requests (
  id TEXT PRIMARY KEY,
  verifier BLOB NOT NULL,                     -- SHA-256 of what only the beginner knows
  target TEXT NOT NULL,                       -- where the browser goes afterwards
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
-- Assertions that were accepted, until nobody would accept them any more.
CREATE TABLE sso_assertions (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- One-time codes that are exchanged for a sign-in.
CREATE TABLE sign_in_codes (
  hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
  user_id BLOB NOT NULL REFERENCES users (id),
  verifier BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  session_end INTEGER                         -- the sign-in must not last longer
) STRICT, WITHOUT ROWID;

-- Answers to requests that carried an id, so that a retry gets the same answer and does nothing.
CREATE TABLE request_ids (
  user_id BLOB NOT NULL,
  request_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_ids_age ON request_ids (created_at);
)sql";

// Channels that visitors come to, transfers, presence of technicians, downloads.
constexpr const char* kQueues = R"sql(
ALTER TABLE users ADD COLUMN presence TEXT NOT NULL DEFAULT 'available'
  CHECK (presence IN ('available', 'busy', 'away'));
ALTER TABLE users ADD COLUMN presence_at INTEGER;            -- NULL: never set
ALTER TABLE users ADD COLUMN max_sessions INTEGER NOT NULL DEFAULT 0;  -- held at a time; 0: any number
-- Whoever comes to a channel. Never signs in and is in no list.
INSERT INTO users VALUES (x'00000000000040008000000000000003', 'visitor', NULL, 'visitor', 'technician',
  x'00000000000040008000000000000001', '', 0, 0, 0, NULL, 0, NULL, NULL, 0, '', NULL, 0, x'', NULL, 0, 'available',
  NULL, 0);

ALTER TABLE sessions ADD COLUMN channel_id BLOB REFERENCES channels (id) ON DELETE SET NULL;
ALTER TABLE sessions ADD COLUMN transfer_to BLOB REFERENCES users (id);
ALTER TABLE sessions ADD COLUMN transfer_channel BLOB REFERENCES channels (id) ON DELETE SET NULL;
ALTER TABLE sessions ADD COLUMN transfer_from BLOB REFERENCES users (id);
ALTER TABLE sessions ADD COLUMN transfer_comment TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN transfer_at INTEGER;
CREATE INDEX sessions_channel ON sessions (channel_id, created_at, id) WHERE channel_id IS NOT NULL;
CREATE INDEX sessions_live_channel ON sessions (channel_id, created_at, id)
  WHERE ended_at IS NULL AND channel_id IS NOT NULL;
CREATE INDEX sessions_transfer_channel ON sessions (transfer_channel, created_at, id)
  WHERE transfer_channel IS NOT NULL;
CREATE INDEX sessions_live_transfer ON sessions (transfer_to, created_at, id)
  WHERE ended_at IS NULL AND transfer_to IS NOT NULL;

-- SHA-256 of what the browser holds that redeemed it on a page and may download the applet again; empty: none did.
ALTER TABLE pins ADD COLUMN browser BLOB NOT NULL DEFAULT x'';
CREATE INDEX pins_browser ON pins (browser) WHERE browser <> x'';
)sql";

constexpr Migration kMigrations[] = {
    {1, "initial schema", kInitial},
    {2, "groups, channels, second factors, invitations, single sign-on", kAccounts},
    {3, "queues, transfer, presence", kQueues},
};

base::Result<> check_ours(Connection& c, int version) {
  RESCUE_TRY(const auto application, number(c, "PRAGMA application_id"));
  if (application == kApplicationId) return {};
  RESCUE_TRY(const auto tables, number(c, "SELECT count(*) FROM sqlite_master"));
  if (application == 0 && version == 0 && tables == 0) return {};
  return base::fail(Errc::not_ours, "open database");
}

base::Result<> apply(Connection& c, const Migration& step) {
  RESCUE_CHECK(c.script("BEGIN EXCLUSIVE"));
  auto done = [&]() -> base::Result<> {
    RESCUE_CHECK(c.script(step.sql));
    RESCUE_TRY(const auto broken, first(c, "PRAGMA foreign_key_check", [](Statement& st) { return st.text(0); }));
    if (broken) return base::fail(base::Errc::internal, "rows of table '" + *broken + "' refer to nothing");
    RESCUE_CHECK(c.script("PRAGMA application_id=" + std::to_string(kApplicationId) +
                          "; PRAGMA user_version=" + std::to_string(step.version)));
    return c.script("COMMIT");
  }();
  if (done) return {};
  if (!c.in_autocommit()) static_cast<void>(c.script("ROLLBACK"));
  return base::fail(
      done.error().within("schema " + std::to_string(step.version) + " (" + std::string(step.name) + ")"));
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

base::Result<int> schema_version(Connection& c) {
  RESCUE_TRY(const auto version, number(c, "PRAGMA user_version"));
  return static_cast<int>(version);
}

base::Result<> migrate(Connection& c, std::span<const Migration> steps) {
  RESCUE_TRY(const int version, schema_version(c));
  RESCUE_CHECK(check_ours(c, version));
  const int latest = steps.back().version;
  if (version > latest) {
    return base::fail(Errc::newer_schema,
                      "schema " + std::to_string(version) + ", this program knows up to " + std::to_string(latest));
  }
  if (version == latest) return {};
  // A step that rebuilds a table may not cascade; foreign_key_check before the commit takes the place of enforcement.
  RESCUE_CHECK(c.script("PRAGMA foreign_keys=OFF"));
  for (const auto& step : steps) {
    if (step.version <= version) continue;
    RESCUE_CHECK(apply(c, step));
    base::log(base::LogLevel::info, "store", "schema migrated", {{"version", step.version}, {"step", step.name}});
  }
  return c.script("PRAGMA foreign_keys=ON");
}

}  // namespace rescue::store::impl
