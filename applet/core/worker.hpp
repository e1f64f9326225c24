// SPDX-License-Identifier: Apache-2.0
// A thread that does jobs in order, for what may block (disk, system information), and the way results come back.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "applet/ui.hpp"
#include "session/applet_session.hpp"

namespace rescue::applet {

/// Something to tell a session core, carried out on the network thread if the session still exists then.
using SessionCall = std::move_only_function<void(session::AppletSession&, session::Now)>;
/// Any thread: queues a call for the person's session.
using Deliver = std::function<void(PersonId, SessionCall)>;

/// post() from any thread; the destructor finishes the job in progress, drops the rest and joins.
class Worker {
 public:
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  void post(std::move_only_function<void()> job);

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> jobs_;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace rescue::applet
