// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "cmd/rescue-media/sandbox.hpp"

namespace rescue::media_program {
namespace {

void limit_resources() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a core file would hold pictures of somebody's desktop
  const rlimit files{256, 256};     // a few for each part that is converted at a time
  ::setrlimit(RLIMIT_NOFILE, &files);
#if !defined(__SANITIZE_ADDRESS__)                        // AddressSanitizer maps terabytes
  const rlimit memory{rlim_t{4} << 30, rlim_t{4} << 30};  // the largest picture takes about 1.5 GiB to encode
  ::setrlimit(RLIMIT_AS, &memory);
#endif
}

bool allow(int ruleset, const std::string& path, std::uint64_t access) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat st {};
  if (::fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode)) access &= ~std::uint64_t{LANDLOCK_ACCESS_FS_READ_DIR};
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = fd;
  const bool ok = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  ::close(fd);
  return ok;
}

/// False where the kernel does not have it, or has it switched off.
bool limit_files(const std::vector<std::string>& inputs, const std::string& output_folder) {
  // Rights of the first version, which every kernel with Landlock knows: all that can read, write, make or remove.
  constexpr std::uint64_t kAll = (std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1) - 1;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kAll;
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return false;
  bool ok = output_folder.empty() ||
            allow(ruleset, output_folder,
                  LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
                      LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE);
  for (const std::string& path : inputs) {
    // A missing input is not an error here; opening it will say so better.
    if (::access(path.c_str(), F_OK) == 0)
      ok = allow(ruleset, path, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR) && ok;
  }
#if defined(__SANITIZE_ADDRESS__)  // LeakSanitizer lists its own threads when the program ends
  ok = allow(ruleset, "/proc", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR) && ok;
#endif
  ok = ok && ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  ::close(ruleset);
  return ok;
}

base::Result<> limit_calls() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
  if (!filter) return base::fail(base::Errc::io, "set up the system call filter");
  // x264 and libvpx use threads and memory only, so what reaches outside the process can go. ptrace stays for
  // LeakSanitizer, which stops its own threads with it.
  for (const int call : {
         SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept),
             SCMP_SYS(accept4), SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(process_vm_readv),
             SCMP_SYS(process_vm_writev), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
             SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(add_key),
             SCMP_SYS(keyctl), SCMP_SYS(request_key), SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd),
             SCMP_SYS(open_by_handle_at), SCMP_SYS(kill),
#if !defined(__SANITIZE_ADDRESS__)
             SCMP_SYS(ptrace),
#endif
             SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(mknod),
             SCMP_SYS(mknodat)
       }) {
    if (const int rc = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0); rc < 0)
      return base::fail(base::errno_error("set up the system call filter", -rc));
  }
  if (const int rc = seccomp_load(filter.get()); rc < 0)
    return base::fail(base::errno_error("load the system call filter", -rc));
  return {};
}
}  // namespace

base::Result<std::vector<std::string>> confine(const std::vector<std::string>& inputs,
                                               const std::string& output_folder) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::fail(base::errno_error("give up new privileges"));
  std::vector<std::string> layers{"no_new_privs", "rlimits"};
  limit_resources();
  if (limit_files(inputs, output_folder)) layers.emplace_back("landlock");
  RESCUE_CHECK(limit_calls());
  layers.emplace_back("seccomp");
  return layers;
}

}  // namespace rescue::media_program
