// SPDX-License-Identifier: Apache-2.0
// Threads that make videos of finished recordings, each once.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/session_agent.hpp"

namespace rescue::client::impl {

/// One strand, but for `make`. The destructor waits for what is being made.
class VideoMakers {
 public:
  using Make = std::function<base::Result<DeliveredVideo>(const std::string& recording)>;
  using Post = std::function<void(std::function<void()>)>;
  /// `make` runs in a thread of its own and takes its time; `post` runs a function on the strand.
  VideoMakers(Make make, Post post) : make_(std::move(make)), post_(std::move(post)) {}

  void start(const std::string& recording, AgentHooks::VideoDone done) {
    ++due_;
    threads_.emplace_back([this, recording, done = std::move(done)] {
      auto video = make_(recording);
      post_([this, done, video = std::move(video)]() mutable {
        done(std::move(video));
        --due_;
      });
    });
  }
  /// Videos that are not done yet.
  [[nodiscard]] int due() const { return due_; }

 private:
  Make make_;
  Post post_;
  int due_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace rescue::client::impl
