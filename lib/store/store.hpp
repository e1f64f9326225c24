// SPDX-License-Identifier: Apache-2.0
// The database as an executor of transactions: one thread writes with group commit, several read, some of them
// what may take long. Callers pass a function over
// a Transaction, made of repository calls, and get its result once it is durable. Nothing here knows an event loop:
// completions run on the store's own threads and should only hand over (a broker posts to its strand).
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "store/errors.hpp"
#include "store/transaction.hpp"
#include "store/write_mark.hpp"

namespace rescue::store {

struct Options {
  std::filesystem::path path;  // created with mode 0600; its -wal and -shm files inherit that
  std::size_t readers = 2;
  std::size_t far_readers = 2;  // threads of reads that may walk far, which wait for each other alone
  /// While several callers are writing, the writer waits this long for more before it commits. A lone write commits at
  /// once.
  std::chrono::milliseconds group_window{10};
  std::size_t group_limit = 256;   // mutations in one commit
  std::size_t queue_limit = 4096;  // waiting calls of each kind; beyond: Errc::overloaded
  std::size_t far_queue_limit = 64;
  std::chrono::milliseconds read_limit{10'000};  // a read that runs longer fails with timed_out
  /// Test seam: pages the database may grow to (0: no limit), to meet a full disk without one.
  std::int64_t max_pages = 0;
};

/// How a read that may walk far is kept within bounds, as a query of the log whose filter fits few rows.
struct FarRead {
  std::chrono::milliseconds limit{10'000};  // of running; passing it is timed_out
  /// Asked before it begins and now and then while it runs, on the store's thread: nobody wants the answer any more, so
  /// it ends with canceled. May be empty; must not throw or block.
  std::function<bool()> abandoned;
};

/// Thread-safe.
class Store {
 public:
  /// Opens or creates, checks the owner's file mode, applies pending migrations, starts the threads.
  /// newer_schema, not_ours, corrupt, io, no_space; denied when others may read the file.
  [[nodiscard]] static base::Result<std::unique_ptr<Store>> open(Options options);
  /// As close().
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Runs `body` as one mutation; `done` gets its result after the commit, or its error after nothing was changed,
  /// exactly once, on a store thread (on the caller's when the call is refused: overloaded, stopped). Mutations run in
  /// call order. `body` must not call the store and must not block on anything else.
  template <typename T>
  void write(std::move_only_function<base::Result<T>(Transaction&)> body,
             std::move_only_function<void(base::Result<T>)> done) {
    submit(std::make_unique<CallOf<T, Transaction>>(std::move(body), std::move(done)));
  }
  /// The same on a snapshot; reads run beside each other and beside the writer, in no particular order.
  template <typename T>
  void read(std::move_only_function<base::Result<T>(ReadTransaction&)> body,
            std::move_only_function<void(base::Result<T>)> done) {
    submit(std::make_unique<CallOf<T, ReadTransaction>>(std::move(body), std::move(done)));
  }

  /// Blocking forms, for start-up, command-line tools and tests; never from a store thread or a network thread.
  /// `store.write_now([&](Transaction& tx) { return users::insert(tx, user); })`. With the thread's WriteMark.
  template <typename F>
  auto write_now(F body) {
    using R = std::invoke_result_t<F&, Transaction&>;
    const auto* mark = WriteMark::current();
    return wait<typename R::value_type, Transaction>([mark, body = std::move(body)](Transaction& tx) mutable -> R {
      auto outcome = body(tx);
      if (outcome && mark != nullptr) RESCUE_CHECK(mark->run(tx));
      return outcome;
    });
  }
  template <typename F>
  auto read_now(F body) {
    using R = std::invoke_result_t<F&, ReadTransaction&>;
    return wait<typename R::value_type, ReadTransaction>(std::move(body));
  }
  /// read_now on threads of its own, so that what is quick does not wait for what is not. overloaded when
  /// far_queue_limit calls wait already.
  template <typename F>
  auto read_far_now(FarRead how, F body) {
    using R = std::invoke_result_t<F&, ReadTransaction&>;
    return wait<typename R::value_type, ReadTransaction>(std::move(body), std::move(how));
  }

  /// Called after each commit that changed something, on the writer's thread, in commit order, before the completions
  /// of that commit. Set once, before the first write; must not call the store's blocking forms.
  void on_commit(std::function<void(const std::vector<Change>&)> listener);

  /// Finishes what is queued, refuses what comes later, ends the threads. May be called twice.
  void close();

 private:
  struct Impl;
  /// One queued call without its result type.
  template <typename Tx>
  struct Call {
    virtual ~Call() = default;
    virtual base::Result<> run(Tx& tx) = 0;           // keeps the value
    virtual void finish(base::Result<> outcome) = 0;  // hands over value or error
  };
  template <typename T, typename Tx>
  struct CallOf final : Call<Tx> {
    CallOf(std::move_only_function<base::Result<T>(Tx&)> b, std::move_only_function<void(base::Result<T>)> d)
        : body(std::move(b)), done(std::move(d)) {}
    base::Result<> run(Tx& tx) override {
      result.emplace(body(tx));
      if (!*result) return base::fail(result->error());
      return {};
    }
    void finish(base::Result<> outcome) override {
      if (!outcome) result.emplace(base::fail(std::move(outcome).error()));
      done(std::move(*result));
    }
    std::move_only_function<base::Result<T>(Tx&)> body;
    std::move_only_function<void(base::Result<T>)> done;
    std::optional<base::Result<T>> result;
  };
  using WriteCall = std::unique_ptr<Call<Transaction>>;
  using ReadCall = std::unique_ptr<Call<ReadTransaction>>;

  template <typename T, typename Tx, typename F, typename... How>
  base::Result<T> wait(F body, How... how) {
    std::promise<base::Result<T>> promise;
    auto future = promise.get_future();
    submit(std::make_unique<CallOf<T, Tx>>(std::move(body),
                                           [&promise](base::Result<T> r) { promise.set_value(std::move(r)); }),
           std::move(how)...);
    return future.get();
  }
  explicit Store(std::unique_ptr<Impl> impl);
  void submit(WriteCall call);
  void submit(ReadCall call);
  void submit(ReadCall call, FarRead how);

  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::store
