// SPDX-License-Identifier: Apache-2.0
// Carrying out a plan (provision.hpp), as one mutation with the log event of each change.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "directory/authorization.hpp"
#include "directory/by.hpp"
#include "directory/invitations.hpp"
#include "directory/provision.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::provision {

/// All that a document can describe.
[[nodiscard]] base::Result<Present> read_present(store::ReadTransaction& tx);

struct ApplyOptions {
  bool dry_run = false;            // find out by doing, then undo everything
  bool prune = false;              // delete what the document's sections do not name
  bool continue_on_error = false;  // keep what succeeds; else a failed object undoes everything
  bool invite = false;             // people who are made and sign in by password get an invitation
};
struct Invited {
  store::User user;
  invitations::Made invitation;  // secret
};
struct Applied {
  bool stored = false;  // what the steps say is so now
  std::vector<Step> steps;
  std::vector<Invited> invited;  // empty unless stored
  [[nodiscard]] std::size_t count(Outcome outcome) const;
  /// The first failure; nullptr without one.
  [[nodiscard]] const base::Error* first_error() const;
};

/// Each step is authorised by itself as the single request for it would be: provision allows to ask, not to do. What
/// the rules of the directory refuse is a failed step; every object is tried, so that one run tells all that is wrong.
/// What goes wrong beyond them (disk, database) is the error and nothing is stored. Logs provision.applied when
/// something changed, admin.refused when failures undid everything. invalid_argument beyond kMaxObjects.
[[nodiscard]] base::Result<Applied> apply(store::Transaction& tx, const Document& document, const ApplyOptions& options,
                                          const Principal& who, const By& by, base::RandomSource& random,
                                          base::WallTime now);

}  // namespace rescue::directory::provision
