// SPDX-License-Identifier: Apache-2.0
#include "net/signals.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace rescue::net {

namespace asio = boost::asio;

struct SignalWatcher::Impl {
  explicit Impl(const asio::any_io_executor& executor) : set(executor) {}
  asio::signal_set set;
  bool closed = false;
};

SignalWatcher::SignalWatcher(const asio::any_io_executor& executor, std::initializer_list<int> signals)
    : impl_(std::make_unique<Impl>(executor)) {
  for (const int s : signals) impl_->set.add(s);
}
SignalWatcher::~SignalWatcher() = default;

asio::awaitable<int> SignalWatcher::next() {
  if (impl_->closed) co_return 0;
  const auto [ec, number] = co_await impl_->set.async_wait(asio::as_tuple(asio::use_awaitable));
  if (impl_->closed) co_return 0;
  if (ec) throw boost::system::system_error(ec);
  co_return number;
}

void SignalWatcher::close() {
  impl_->closed = true;
  impl_->set.cancel();
}

}  // namespace rescue::net
