// SPDX-License-Identifier: Apache-2.0
#include "net/impl/socket_bio.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rescue::net {

namespace {

bool again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int descriptor(BIO* bio) {
  const int fd = static_cast<TcpStream*>(BIO_get_data(bio))->fd();
  if (fd < 0) errno = EBADF;
  return fd;
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const int fd = descriptor(bio);
  if (fd < 0) return -1;
  const auto n = ::recv(fd, into, static_cast<std::size_t>(size), 0);
  if (n < 0 && again()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

int bio_write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const int fd = descriptor(bio);
  if (fd < 0) return -1;
  const auto n = ::send(fd, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && again()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
  if (m == nullptr) return nullptr;
  BIO_meth_set_read(m, bio_read);
  BIO_meth_set_write(m, bio_write);
  BIO_meth_set_ctrl(m, bio_control);
  return m;
}

}  // namespace

BIO* make_socket_bio(TcpStream& socket) {
  static BIO_METHOD* const method = make_method();  // lives as long as the process
  if (method == nullptr) return nullptr;
  BIO* bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace rescue::net
