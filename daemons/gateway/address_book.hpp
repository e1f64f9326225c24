// SPDX-License-Identifier: Apache-2.0
// How many connections each address has, over all loops. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "net/endpoint.hpp"

namespace rescue::gateway {

class AddressBook {
 public:
  /// One counted connection; uncounts itself when it goes. The book must outlive it.
  class Lease {
   public:
    Lease() = default;
    Lease(AddressBook* book, const net::IpAddress& address) : book_(book), address_(address) {}
    Lease(Lease&& o) noexcept : book_(std::exchange(o.book_, nullptr)), address_(o.address_) {}
    Lease& operator=(Lease&& o) noexcept {
      if (this != &o) {
        release();
        book_ = std::exchange(o.book_, nullptr);
        address_ = o.address_;
      }
      return *this;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { release(); }
    void release() {
      if (book_ != nullptr) std::exchange(book_, nullptr)->leave(address_);
    }

   private:
    AddressBook* book_ = nullptr;
    net::IpAddress address_;
  };

  struct Entered {
    Lease lease;
    std::size_t of_address;  // with this one
    std::size_t in_all;
  };
  [[nodiscard]] Entered enter(const net::IpAddress& address) {
    const std::lock_guard lock(mutex_);
    return {Lease(this, address), ++counts_[address], ++all_};
  }
  [[nodiscard]] std::size_t in_all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  void leave(const net::IpAddress& address) {
    const std::lock_guard lock(mutex_);
    --all_;
    const auto it = counts_.find(address);
    if (--it->second == 0) counts_.erase(it);
  }
  mutable std::mutex mutex_;
  std::map<net::IpAddress, std::size_t> counts_;
  std::size_t all_ = 0;
};

}  // namespace rescue::gateway
