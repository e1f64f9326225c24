// SPDX-License-Identifier: Apache-2.0
// The file manager of the supported end: which requests run, what the host has to do for them, which files of a tree
// are on their way. Needs file_manager at every step; without it everything stops.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "session/applet_feature.hpp"
#include "session/file_manager.hpp"
#include "session/file_transfer.hpp"

namespace rescue::session {

class AppletFileManager final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;

  // ---- answers of the host; of requests that are over they are ignored
  void answer(std::uint32_t request, FsAnswer answer);
  /// Of a `put`: files may come now.
  void put_ready(std::uint32_t request);
  struct Found {
    std::string name;
    std::string folder;  // from the tree's own name on; empty for a single file
    std::uint64_t size = 0;
    base::WallTime modified{};
  };
  struct Walked {
    std::vector<Found> files;    // at most as many as FsNext asked for
    std::vector<Found> folders;  // name and folder alone; with nothing in them or not
    std::uint64_t left_out = 0;  // links, devices, what cannot be read
    std::string why;             // of the first of them
    bool end = false;            // that was all
  };
  /// Offers them. One id for each file, none where it could not be offered; the host keeps its content until
  /// CloseSource.
  [[nodiscard]] std::vector<std::optional<TransferId>> found(std::uint32_t request, const Walked& walked);

  // ---- AppletFeature
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  void file_event(const FileEvent& event) override;
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const override { return look_again_; }
  void on_deadline() override;
  void session_ended() override;
  void add_activity(ActivitySet& on) const override;

 private:
  struct Request {
    FsCall call;
    std::uint64_t files = 0, bytes = 0, left_out = 0;
    std::string why;
    std::set<std::uint32_t> running;  // transfers
    bool ready = false;               // put: the host has its folder
    bool walked = false;              // get: all was found; put: all was offered
    bool asked = false;               // get: the host looks for more
    bool ending = false;
  };
  using Requests = std::map<std::uint32_t, Request>;

  void start(std::uint32_t number, FsCall call);
  [[nodiscard]] base::Result<void> on_offer(const wire::session::FileOffer& offer,
                                            const wire::session::SessionMessage& m);
  void cancel(std::uint32_t number);
  void go_on(Requests::iterator it);
  void send(std::uint32_t number, const FsAnswer& answer);
  void finish(Requests::iterator it, FsAnswer answer);
  void log_end(const Request& r, std::string_view outcome, std::size_t entries);
  void end_all(std::string_view outcome);
  [[nodiscard]] bool runs(FsOp op) const;

  Requests requests_;
  std::optional<base::SteadyTime> look_again_;  // the way to the console was full
};

}  // namespace rescue::session
