// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "cmd/rescue-saml/sandbox.hpp"

namespace rescue::saml_program {
namespace {
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr rlim_t kCpuSeconds = 10;  // an ordinary answer takes 0.02
constexpr rlim_t kMemoryBytes = rlim_t{512} << 20;

void limit_resources() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a core file would hold a decryption key
  const rlimit cpu{kCpuSeconds, kCpuSeconds};
  ::setrlimit(RLIMIT_CPU, &cpu);
  if (kSanitized) return;  // AddressSanitizer maps terabytes, and LeakSanitizer opens files and a thread
  const rlimit memory{kMemoryBytes, kMemoryBytes};
  ::setrlimit(RLIMIT_AS, &memory);
  const rlimit standard_streams{3, 3};
  ::setrlimit(RLIMIT_NOFILE, &standard_streams);
}

/// No path at all. False where the kernel does not have Landlock, or has it switched off.
bool limit_files() {
  // Rights of the first version, which every kernel with Landlock knows: all that can read, write, make or remove.
  constexpr std::uint64_t kAll = (std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1) - 1;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kAll;
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return false;
  bool ok = true;
  if (kSanitized) {  // LeakSanitizer lists its own threads when the program ends
    landlock_path_beneath_attr rule{};
    rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    rule.parent_fd = ::open("/proc", O_PATH | O_CLOEXEC);
    ok = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    ::close(rule.parent_fd);
  }
  ok = ok && ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  ::close(ruleset);
  return ok;
}

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

/// What one thread needs that reads, computes and writes. Memory may be had, but never such that can be executed.
int allow_thinking(scmp_filter_ctx filter) {
  int rc = 0;
  const auto add = [&](int call) { rc = rc < 0 ? rc : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); };
  for (const int call :
       {SCMP_SYS(read),         SCMP_SYS(write),       SCMP_SYS(writev),          SCMP_SYS(readv),
        SCMP_SYS(close),        SCMP_SYS(fstat),       SCMP_SYS(newfstatat),      SCMP_SYS(lseek),
        SCMP_SYS(brk),          SCMP_SYS(munmap),      SCMP_SYS(mremap),          SCMP_SYS(madvise),
        SCMP_SYS(futex),        SCMP_SYS(getrandom),   SCMP_SYS(clock_gettime),   SCMP_SYS(gettimeofday),
        SCMP_SYS(getpid),       SCMP_SYS(gettid),      SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigaction), SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
        SCMP_SYS(exit_group)})
    add(call);
  const auto no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  if (rc >= 0) rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);
  if (rc >= 0) rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
  // A file that is opened late (a character set, a configuration) is not there; that is no reason to end. abort() ends
  // by a signal of its own either way.
  for (const int call : {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(ioctl),
                         SCMP_SYS(fcntl), SCMP_SYS(tgkill), SCMP_SYS(socket)})
    if (rc >= 0) rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  return rc;
}

/// For builds with AddressSanitizer, whose own calls are many.
int refuse_reaching_out(scmp_filter_ctx filter) {
  int rc = 0;
  for (const int call : {SCMP_SYS(socket),
                         SCMP_SYS(socketpair),
                         SCMP_SYS(connect),
                         SCMP_SYS(bind),
                         SCMP_SYS(listen),
                         SCMP_SYS(accept),
                         SCMP_SYS(accept4),
                         SCMP_SYS(sendto),
                         SCMP_SYS(execve),
                         SCMP_SYS(execveat),
                         SCMP_SYS(process_vm_readv),
                         SCMP_SYS(process_vm_writev),
                         SCMP_SYS(mount),
                         SCMP_SYS(umount2),
                         SCMP_SYS(pivot_root),
                         SCMP_SYS(chroot),
                         SCMP_SYS(unshare),
                         SCMP_SYS(setns),
                         SCMP_SYS(bpf),
                         SCMP_SYS(perf_event_open),
                         SCMP_SYS(add_key),
                         SCMP_SYS(keyctl),
                         SCMP_SYS(request_key),
                         SCMP_SYS(io_uring_setup),
                         SCMP_SYS(userfaultfd),
                         SCMP_SYS(open_by_handle_at),
                         SCMP_SYS(kill),
                         SCMP_SYS(symlink),
                         SCMP_SYS(symlinkat),
                         SCMP_SYS(link),
                         SCMP_SYS(linkat),
                         SCMP_SYS(mknod),
                         SCMP_SYS(mknodat),
                         SCMP_SYS(unlink),
                         SCMP_SYS(unlinkat),
                         SCMP_SYS(rename),
                         SCMP_SYS(renameat),
                         SCMP_SYS(renameat2)})
    if (rc >= 0) rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  return rc;
}

base::Result<> limit_calls() {
  const Filter filter(seccomp_init(kSanitized ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS));
  if (!filter) return base::fail(base::Errc::io, "set up the system call filter");
  if (const int rc = kSanitized ? refuse_reaching_out(filter.get()) : allow_thinking(filter.get()); rc < 0)
    return base::fail(base::errno_error("set up the system call filter", -rc));
  if (const int rc = seccomp_load(filter.get()); rc < 0)
    return base::fail(base::errno_error("load the system call filter", -rc));
  return {};
}
}  // namespace

base::Result<std::vector<std::string>> confine() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::fail(base::errno_error("give up new privileges"));
  if (!kSanitized && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)  // LeakSanitizer attaches to its own process
    return base::fail(base::errno_error("close the memory to others"));
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);  // whatever the starter left open
  std::vector<std::string> layers{"no_new_privs", "rlimits"};
  if (limit_files()) layers.emplace_back("landlock");
  limit_resources();
  RESCUE_CHECK(limit_calls());
  layers.emplace_back("seccomp");
  return layers;
}

}  // namespace rescue::saml_program
