// SPDX-License-Identifier: Apache-2.0
#include "store/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/assert.hpp"
#include "store/impl/migrations.hpp"
#include "store/impl/sqlite.hpp"

namespace rescue::store {

using impl::Connection;

/// One lock guards both queues; it is never held while SQL or a caller's code runs.
struct Store::Impl {
  explicit Impl(Options o) : options(std::move(o)) {}

  void write_loop();
  struct Read {
    ReadCall call;
    FarRead how;
  };
  /// Reads that wait for each other, and the threads that run them.
  struct Lane {
    std::deque<Read> waiting;
    std::condition_variable ready_or_stop;
    std::size_t queue_limit = 0;
    std::vector<std::unique_ptr<Connection>> connections;
  };
  base::Result<> open_lane(Lane& lane, std::size_t count, std::size_t queue_limit);
  void read_loop(Lane& lane, Connection& connection);
  bool next_write(WriteCall& call, std::size_t in_batch, std::chrono::steady_clock::time_point linger_until);
  void commit_batch();

  Options options;
  std::unique_ptr<Connection> writer;
  std::function<void(const std::vector<Change>&)> listener;

  std::mutex mutex;
  std::condition_variable writes_or_stop;
  std::deque<WriteCall> writes;
  Lane near, far;
  bool stopping = false;
  std::vector<std::thread> threads;
};

namespace {

/// Code of callers runs on the store's threads; what it throws is one call's failure.
template <typename Call, typename Tx>
base::Result<> run_guarded(Call& call, Tx& tx) {
  try {
    return call.run(tx);
  } catch (const std::exception& e) {
    return base::fail(base::Errc::internal, std::string("call of the database: ") + e.what());
  }
}

/// The file exists afterwards, is the owner's alone, and was not created with a wider mode even for a moment.
base::Result<> prepare_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return base::fail(base::errno_error("open database '" + path.string() + "'"));
  struct stat st {};
  const int rc = ::fstat(fd, &st);
  const int why = errno;
  ::close(fd);
  if (rc != 0) return base::fail(base::errno_error("open database '" + path.string() + "'", why));
  if ((st.st_mode & 077) != 0) {
    return base::fail(base::Errc::denied, "database '" + path.string() + "' may be read by others (chmod 600)");
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Store>> Store::open(Options options) {
  RESCUE_CHECK(prepare_file(options.path));
  auto impl = std::make_unique<Impl>(std::move(options));
  RESCUE_TRY(impl->writer, Connection::open(impl->options.path, false));
  RESCUE_CHECK(impl::migrate(*impl->writer, impl::migrations()));
  if (impl->options.max_pages > 0) {
    RESCUE_CHECK(impl->writer->script("PRAGMA max_page_count=" + std::to_string(impl->options.max_pages)));
  }
  RESCUE_CHECK(impl->open_lane(impl->near, impl->options.readers, impl->options.queue_limit));
  RESCUE_CHECK(impl->open_lane(impl->far, impl->options.far_readers, impl->options.far_queue_limit));
  Impl* shared = impl.get();
  impl->threads.emplace_back([shared] { shared->write_loop(); });
  for (auto* lane : {&impl->near, &impl->far}) {
    for (auto& reader : lane->connections) {
      impl->threads.emplace_back([shared, lane, connection = reader.get()] { shared->read_loop(*lane, *connection); });
    }
  }
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

base::Result<> Store::Impl::open_lane(Lane& lane, std::size_t count, std::size_t queue_limit) {
  lane.queue_limit = queue_limit;
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    RESCUE_TRY(auto reader, Connection::open(options.path, true));
    lane.connections.push_back(std::move(reader));
  }
  return {};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() { close(); }

void Store::on_commit(std::function<void(const std::vector<Change>&)> listener) {
  const std::lock_guard lock(impl_->mutex);
  impl_->listener = std::move(listener);
}

void Store::close() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->writes_or_stop.notify_all();
  impl_->near.ready_or_stop.notify_all();
  impl_->far.ready_or_stop.notify_all();
  for (auto& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

namespace {
template <typename Queue, typename CallPtr>
std::optional<base::Error> enqueue(std::mutex& mutex, Queue& queue, CallPtr& call, std::size_t limit, bool& stopping) {
  const std::lock_guard lock(mutex);
  if (stopping) return base::Error(Errc::stopped, "");
  if (queue.size() >= limit) return base::Error(Errc::overloaded, "");
  queue.push_back(std::move(call));
  return std::nullopt;
}
}  // namespace

void Store::submit(WriteCall call) {
  auto& s = *impl_;
  if (auto refused = enqueue(s.mutex, s.writes, call, s.options.queue_limit, s.stopping)) {
    call->finish(base::fail(std::move(*refused)));
    return;
  }
  s.writes_or_stop.notify_one();
}

namespace {
template <typename Lane, typename Read>
void submit_read(std::mutex& mutex, Lane& lane, Read read, bool& stopping) {
  if (auto refused = enqueue(mutex, lane.waiting, read, lane.queue_limit, stopping)) {
    read.call->finish(base::fail(std::move(*refused)));
    return;
  }
  lane.ready_or_stop.notify_one();
}
}  // namespace

void Store::submit(ReadCall call) {
  FarRead plain{.limit = impl_->options.read_limit, .abandoned = {}};
  submit_read(impl_->mutex, impl_->near, Impl::Read{std::move(call), std::move(plain)}, impl_->stopping);
}

void Store::submit(ReadCall call, FarRead how) {
  submit_read(impl_->mutex, impl_->far, Impl::Read{std::move(call), std::move(how)}, impl_->stopping);
}

void Store::Impl::read_loop(Lane& lane, Connection& connection) {
  for (;;) {
    Read read;
    {
      std::unique_lock lock(mutex);
      lane.ready_or_stop.wait(lock, [&] { return stopping || !lane.waiting.empty(); });
      if (lane.waiting.empty()) return;
      read = std::move(lane.waiting.front());
      lane.waiting.pop_front();
    }
    if (read.how.abandoned && read.how.abandoned()) {
      read.call->finish(base::fail(base::Errc::canceled, "read of the database"));
      continue;
    }
    connection.set_bounds({std::chrono::steady_clock::now() + read.how.limit, std::move(read.how.abandoned)});
    auto outcome = connection.script("BEGIN");
    if (outcome) {
      ReadTransaction tx(connection);
      outcome = run_guarded(*read.call, tx);
    }
    connection.set_bounds({});  // nothing bounds the way back
    if (!connection.in_autocommit()) static_cast<void>(connection.script("ROLLBACK"));
    read.call->finish(std::move(outcome));
  }
}

/// Takes the next call of a batch. Waits without limit for the first; for more only while several callers are at work.
bool Store::Impl::next_write(WriteCall& call, std::size_t in_batch,
                             std::chrono::steady_clock::time_point linger_until) {
  std::unique_lock lock(mutex);
  const auto ready = [&] { return stopping || !writes.empty(); };
  if (in_batch == 0) {
    writes_or_stop.wait(lock, ready);
  } else if (in_batch >= 2) {
    writes_or_stop.wait_until(lock, linger_until, ready);
  }
  if (writes.empty()) return false;
  call = std::move(writes.front());
  writes.pop_front();
  return true;
}

void Store::Impl::write_loop() {
  for (;;) {
    commit_batch();
    const std::lock_guard lock(mutex);
    if (stopping && writes.empty()) return;
  }
}

/// One transaction around several mutations, each in a savepoint so that one that fails undoes itself alone.
void Store::Impl::commit_batch() {
  std::vector<std::pair<WriteCall, base::Result<>>> batch;
  std::vector<Change> changes;
  std::optional<base::Error> lost;  // nothing of this batch is stored
  WriteCall call;
  std::chrono::steady_clock::time_point linger_until;
  while (batch.size() < options.group_limit && !lost && next_write(call, batch.size(), linger_until)) {
    if (batch.empty()) {
      linger_until = std::chrono::steady_clock::now() + options.group_window;
      if (auto begun = writer->script("BEGIN IMMEDIATE"); !begun) lost = begun.error();
    }
    if (lost) {
      batch.emplace_back(std::move(call), base::Result<>());
      break;
    }
    Transaction tx(*writer);
    base::Result<> outcome = writer->script("SAVEPOINT mutation");
    if (outcome) outcome = run_guarded(*call, tx);
    // SQLite undoes the whole transaction by itself after some failures (disk full, I/O error).
    if (writer->in_autocommit()) {
      lost = outcome ? base::Error(base::Errc::internal, "transaction ended early") : outcome.error();
    } else if (outcome) {
      outcome = writer->script("RELEASE mutation");
      if (!outcome) lost = outcome.error();
      for (auto& change : tx.take_changes()) changes.push_back(change);
    } else {
      static_cast<void>(writer->script("ROLLBACK TO mutation; RELEASE mutation"));
    }
    batch.emplace_back(std::move(call), std::move(outcome));
  }
  if (batch.empty()) return;
  if (!lost) {
    if (auto committed = writer->script("COMMIT"); !committed) lost = committed.error();
  }
  if (lost && !writer->in_autocommit()) static_cast<void>(writer->script("ROLLBACK"));
  if (!lost && !changes.empty()) {
    std::function<void(const std::vector<Change>&)> tell;
    {
      const std::lock_guard lock(mutex);
      tell = listener;
    }
    if (tell) tell(changes);
  }
  for (auto& [done, outcome] : batch) {
    if (outcome && lost) outcome = base::fail(*lost);
    done->finish(std::move(outcome));
  }
}

}  // namespace rescue::store
