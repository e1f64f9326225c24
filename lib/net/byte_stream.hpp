// SPDX-License-Identifier: Apache-2.0
// A connected byte stream behind one small interface: TCP, TLS, and what tests put in their place.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"

namespace rescue::net {

/// One strand. At most one read and one write at a time, both may be under way together. A cancelled write leaves the
/// stream in an unknown state: close it. Errors: io with the cause; closed where said.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// At least one byte, or 0 at the orderly end (TCP FIN; over TLS close_notify. A TLS stream cut without it is `io`).
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<std::size_t>> read_some(base::MutableByteView into) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<std::size_t>> write_some(base::ByteView from) = 0;
  /// Waits until the kernel wants more bytes to send: with a low-water mark (set_unsent_low_water) that is when little
  /// is unsent, so that what is written now is soon on the wire.
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<>> wait_writable() = 0;
  /// Says the end of our direction (close_notify and FIN). Reading goes on.
  [[nodiscard]] virtual boost::asio::awaitable<base::Result<>> shutdown_write() = 0;
  /// At once; whoever waits gets an error. Idempotent.
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  /// SHA-256 of the peer certificate's SubjectPublicKeyInfo, when there is one.
  [[nodiscard]] virtual std::optional<crypto::Fingerprint> peer_fingerprint() const { return std::nullopt; }
  /// The peer certificate's public key, DER SubjectPublicKeyInfo, when there is one of a supported kind.
  [[nodiscard]] virtual std::optional<base::Bytes> peer_key() const { return std::nullopt; }
  [[nodiscard]] virtual boost::asio::any_io_executor executor() const = 0;
};

/// All of `from`.
[[nodiscard]] boost::asio::awaitable<base::Result<>> write_all(ByteStream& stream, base::ByteView from);
/// Exactly into.size() bytes; an earlier end is `closed` ("after 3 of 16 bytes").
[[nodiscard]] boost::asio::awaitable<base::Result<>> read_exactly(ByteStream& stream, base::MutableByteView into);

}  // namespace rescue::net
