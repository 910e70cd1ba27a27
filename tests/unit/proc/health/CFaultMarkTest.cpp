#include "proc/health/CFaultMark.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>

#include "misc/thread/CThread.h"
#include "tests/support/Eventually.h"

namespace switchboard {
namespace {

// What a worker leaves behind for its master.
struct SShared {
  std::atomic<uint64_t> faultThread{0};
  std::atomic<uint64_t> guilty{0};
  std::atomic<uint64_t> main{0};
};

class CFaultMarkTest : public testing::Test {
 protected:
  CFaultMarkTest()
      : m_p_shared(new (mmap(nullptr, sizeof(SShared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                       SShared) {}
  ~CFaultMarkTest() override { munmap(m_p_shared, sizeof(SShared)); }

  // The signal that ends a process one thread of which does `deed`, and that its parent sends `fromOutside`, if any.
  int SignalOf(const std::function<void()>& deed, int fromOutside = 0) {
    m_p_shared->faultThread = 1;  // left by an earlier worker
    m_p_shared->guilty = 0;
    const pid_t pid = fork();
    if (pid == 0) {
      const rlimit none{0, 0};
      setrlimit(RLIMIT_CORE, &none);
      // A sanitizer would keep its own.
      for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) signal(number, SIG_DFL);
      CFaultMark::Install(m_p_shared->faultThread);
      m_p_shared->main = pthread_self();
      CThread thread("sb-test", [&] {
        m_p_shared->guilty = pthread_self();
        deed();
      });
      thread.Join();
      _exit(0);
    }
    if (fromOutside != 0) {
      EXPECT_TRUE(Eventually([this] { return m_p_shared->guilty != 0; }));
      kill(pid, fromOutside);
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  SShared* const m_p_shared;
};

TEST_F(CFaultMarkTest, TheGuiltyThreadIsMarkedAndTheSignalKills) {
  EXPECT_EQ(SignalOf([] { std::abort(); }), SIGABRT);
  EXPECT_EQ(m_p_shared->faultThread, m_p_shared->guilty);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    EXPECT_EQ(SignalOf([number] { raise(number); }), number);
    EXPECT_EQ(m_p_shared->faultThread, m_p_shared->guilty) << number;
  }
}

TEST_F(CFaultMarkTest, AFaultOfTheProcessorIsMarkedAndKills) {
  void* const p_forbidden = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(SignalOf([p_forbidden] { *static_cast<std::atomic<int>*>(p_forbidden) = 1; }), SIGSEGV);
  EXPECT_EQ(m_p_shared->faultThread, m_p_shared->guilty);
  munmap(p_forbidden, 4096);
}

// Deeper than any stack; the sum keeps the compiler from making a loop of it.
[[gnu::noinline]] uint32_t Overflow(uint32_t depth) {
  std::array<std::atomic<uint32_t>, 1024> room{};
  room[depth % room.size()] = depth;
  if (depth == UINT32_MAX) return 0;
  return Overflow(depth + 1) + room[depth % room.size()];
}

TEST_F(CFaultMarkTest, AStackOverflowIsMarkedAndKills) {
  EXPECT_EQ(SignalOf([] { Overflow(0); }), SIGSEGV);
  EXPECT_EQ(m_p_shared->faultThread, m_p_shared->guilty);
}

TEST_F(CFaultMarkTest, ASignalToTheProcessKillsAndBlamesTheMainThread) {
  EXPECT_EQ(SignalOf([] { pause(); }, SIGABRT), SIGABRT);
  EXPECT_EQ(m_p_shared->faultThread, m_p_shared->main);
}

TEST_F(CFaultMarkTest, AMarkThatIsThereStays) {
  EXPECT_EQ(SignalOf([this] {
              m_p_shared->faultThread = 4711;
              std::abort();
            }),
            SIGABRT);
  EXPECT_EQ(m_p_shared->faultThread, 4711U);
}

TEST_F(CFaultMarkTest, AHandlerThatIsThereStays) {
  EXPECT_EQ(SignalOf([this] {
              signal(SIGSEGV, [](int) { _exit(7); });
              CFaultMark::Install(m_p_shared->faultThread);
              raise(SIGSEGV);
            }),
            0);
  EXPECT_EQ(m_p_shared->faultThread, 0U);
}

}  // namespace
}  // namespace switchboard
